"""Value sets that US Core builds upon and leaves to others to publish: their codes, for build.py.

Facts from the National Library of Medicine's value set authority and the US Postal Service, as of US Core 6.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping

VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/"
RACE_AND_ETHNICITY = "urn:oid:2.16.840.1.113883.6.238"
NULL_FLAVOR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
ADMINISTRATIVE_GENDER = "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender"
STATES = """
    AK AL AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT NC ND NE NH NJ NM NV
    NY OH OK OR PA PR PW RI SC SD TN TX UM UT VA VI VT WA WI WV WY AA AE AP"""

OUTSIDE: Mapping[str, dict[str, list[str]]] = {
    f"{VSAC}2.16.840.1.114222.4.11.836": {RACE_AND_ETHNICITY: ["1002-5", "2028-9", "2054-5", "2076-8", "2106-3"]},
    f"{VSAC}2.16.840.1.114222.4.11.837": {RACE_AND_ETHNICITY: ["2135-2", "2186-5"]},
    f"{VSAC}2.16.840.1.113762.1.4.1021.102": {NULL_FLAVOR: ["ASKU", "UNK"]},
    f"{VSAC}2.16.840.1.113762.1.4.1021.103": {NULL_FLAVOR: ["ASKU", "OTH", "UNK"]},
    f"{VSAC}2.16.840.1.113762.1.4.1": {ADMINISTRATIVE_GENDER: ["F", "M"]},
    "http://hl7.org/fhir/us/core/ValueSet/us-core-usps-state": {"https://www.usps.com/": STATES.split()},
}
