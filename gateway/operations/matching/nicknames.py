"""Given names that mean the same in everyday English use, a group a line; a name may stand in several."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS = """
abigail abby gail
albert al bert bertie
alexander alex alec sandy xander sasha
alexandra alex alexa sandra sandy lexi sasha
alice ally allie
amanda mandy
andrew andy drew
angela angie
anne ann anna annie nan nancy
anthony tony
barbara barb babs barbie
benjamin ben benny benji
bradley brad
catherine katherine kathryn cathy kathy kate katie kat kit kitty
charles charlie chuck chas
christina christine chris tina chrissy
christopher chris topher kit
cynthia cindy
daniel dan danny
david dave davey
deborah debra deb debbie
donald don donny
dorothy dot dottie dolly
edward ed eddie ned ted teddy
eleanor ellie nell nora
elizabeth liz lizzie beth betty betsy eliza libby
eugene gene
florence flo
francis frank frankie
frances fran frannie
franklin frank frankie
frederick fred freddie rick
gabriel gabe
gerald gerry jerry
gregory greg
guadalupe lupe
harold harry hal
helen nell nellie
henry hank harry
isabella isabel bella izzy
jacob jake
jacqueline jackie
james jim jimmy jamie
jeffrey geoffrey jeff geoff
jennifer jen jenny
jessica jess jessie
john jack johnny jon
jonathan jon johnny
jose pepe
joseph joe joey
joshua josh
judith judy
kenneth ken kenny
kimberly kim
lawrence laurence larry
leonard len lenny leo
lillian lily
louis lewis lou louie
margaret maggie meg peggy marge greta
martha marty
mary molly polly mae
matthew matt
michael mike mick mickey
nathaniel nathan nate
nicholas nick nicky
pamela pam
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phillip phil
rebecca becky becca
richard rick rich dick ricky
robert bob rob bobby robbie bert
ronald ron ronnie
rosemary rose rosie
samantha sam sammy
samuel sam sammy
stephanie steph
stephen steven steve
susan suzanne sue susie
teresa theresa terry tess
theodore ted teddy theo
thomas tom tommy
timothy tim
victoria vicky tori
vincent vince vinny
virginia ginny
walter walt wally
william bill will billy liam willie
zachary zach zack
"""


def grouped() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in GROUPS.split("\n"):
        names = frozenset(line.split())
        for name in names:
            found[name] = found.get(name, frozenset()) | names
    return found


SAME_AS = grouped()


def nicknames(name: str) -> frozenset[str]:
    """Of a folded name, without itself."""
    return SAME_AS.get(name, frozenset()) - {name}
