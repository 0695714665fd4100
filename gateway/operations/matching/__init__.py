"""How likely two records are of one patient: facts compared by the weights of Fellegi and Sunter (1969).

facts.py      what of a Patient is compared, in a form without case, accents and punctuation
nicknames.py  given names that mean the same
slips.py      what a hand does to a name or number while typing
weights.py    how much each agreement and disagreement says
grades.py     the sum as a score and as a grade
blocks.py     where in the search index candidates are to be found
"""

from __future__ import annotations
