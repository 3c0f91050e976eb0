"""Places of people: street addresses in texts, and coordinates.

Only what cannot be anything else: a house number, capitalised words and a word such as Street; or a number and words
before a city, a state and a ZIP code. Street names under a name such as ``address`` need none of this.
"""

import re
from collections.abc import Iterator

from sidecar.redaction.context import listed, outside_markers
from sidecar.redaction.family import Family, Span

_SUFFIXES = (
    "Street|Avenue|Boulevard|Road|Lane|Highway|Parkway|Turnpike|Crescent|Terrace|Drive|Court|Way|Place|Square|Circle|Trail|"
    "Plaza|Ave|Blvd|Rd|Ln|Hwy|Pkwy|Cres|Ter|Dr|Ct|Pl|Sq|Cir|St"
)
_VAGUE = listed(
    "Drive Court Way Place Square Circle Trail Plaza Terrace Highway Dr Ct Pl Sq Cir St Ter Lane Road Crescent Turnpike"
)
"""Words that mean other things too (``5 Google Drive``): something of an address must follow, or nothing."""

_RARE_SUFFIXES = listed(
    """
    Alley Annex Arcade Bayou Beach Bend Bluff Bluffs Bottom Branch Bridge Brook Brooks Burg Burgs Bypass Camp Canyon
    Cape Causeway Center Centers Circles Cliff Cliffs Club Common Commons Corner Corners Course Courts Cove Coves
    Creek Crest Crossing Crossroad Curve Dale Dam Divide Drives Estate Estates Expressway Extension Extensions Fall
    Falls Ferry Field Fields Flat Flats Ford Fords Forest Forge Forges Fork Forks Fort Freeway Garden Gardens
    Gateway Glen Glens Green Greens Grove Groves Harbor Harbors Haven Heights Hill Hills Hollow Inlet Island Islands
    Isle Junction Junctions Key Keys Knoll Knolls Lake Lakes Land Landing Light Lights Loaf Lock Locks Lodge Loop
    Mall Manor Manors Meadow Meadows Mews Mill Mills Mission Motorway Mount Mountain Mountains Neck Orchard Oval
    Overpass Park Parks Parkways Pass Passage Path Pike Pine Pines Plain Plains Plazas Point Points Port Ports
    Prairie Radial Ramp Ranch Rapid Rapids Rest Ridge Ridges River Roads Route Row Rue Run Shoal Shoals Shore Shores
    Skyway Spring Springs Spur Spurs Squares Station Stravenue Stream Streets Summit Throughway Trace Track
    Trafficway Trailer Tunnel Underpass Union Unions Valley Valleys Via Viaduct View Views Village Villages Ville
    Vista Walk Walks Wall Ways Well Wells
"""
)
"""What else streets are called (USPS Publication 28, C1): only with a unit, or before the name of a city."""

_DIRECTION = r"(?:[NSEW]|[NS][EW]|North|South|East|West)\.?"
_WORD = r"(?:[A-Z][A-Za-z'\u00c0-\u024f\-]{1,20}+\.?|[0-9]{1,3}(?:st|nd|rd|th))"
_UNIT = r"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|#)\.? ?#?[0-9A-Za-z\-]{1,6}|, [0-9]{1,2}[a-z]{2} Floor)"
_STREET = re.compile(
    rf"[0-9](?<![\w.,:/#$+\-].)[0-9]{{0,5}}[A-Z]?(?:-[0-9]{{1,4}})? (?:{_DIRECTION} )?(?:{_WORD} ){{1,4}}?"
    rf"(?P<suffix>{_SUFFIXES})\b\.?(?: {_DIRECTION}(?![A-Za-z]))?(?P<unit>{_UNIT})?"
)
_FOLLOWS = re.compile(r"(?:\s*\Z|\s*[,;\n)\"']|\.(?:\s|\Z)| (?:in|near)\b)")
_NOT_STREETS = re.compile(
    r"\b(?:Google|Hard|Disk|Flash|USB|Tape|State|SSD|GB|TB|MB|Test|Supreme|High|Food|One|Two|Long|Easy|Better|Best|New|"
    r"Good|Right|Wrong|First|Second|Third|Every|Any|This|That|No|All|Same|Other|Full|Percent|Top)\b"
)

_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|"
    "W[AIVY]|A[AEPS]|GU|MP|VI|PW|FM|MH"
)
_RARE_STREET = re.compile(
    rf"[0-9](?<![\w.,:/#$+\-].)(?!(?:(?<=1)9|(?<=2)0)[0-9]{{2}} )[0-9]{{2,4}} (?:{_WORD} ){{1,2}}"
    rf"(?P<suffix>[A-Z][a-z]{{2,10}})(?:{_UNIT}(?![0-9A-Za-z])|(?=(?:,|\n|,\n) ?[A-Z][a-z]))"
)
_US_ADDRESS = re.compile(
    rf"[0-9](?<![\w.,:/#$+\-].)[0-9]{{0,5}} (?:{_WORD} ?){{1,5}}(?:{_UNIT})?(?:,|\n|,\n) ?"
    rf"(?:[A-Z][A-Za-z.'\-]{{1,20}}+ ?){{1,3}}, ?(?:{_STATES}) [0-9]{{5}}(?:-[0-9]{{4}})?(?![0-9A-Za-z\-])"
)
_BOX = re.compile(
    r"\bP\.? ?O\.? ?Box [0-9]{1,6}\b|\b(?:PSC|CMR|Unit) [0-9]{3,5},? Box [0-9]{3,5}\b"
    r"|\b[ADF]PO,? A[AEP] [0-9]{5}\b"
)
"""Boxes, also of the military (USPS Publication 28, 225 and 238)."""
_GERMAN = re.compile(
    r"[A-Z\u00c4\u00d6\u00dc](?<!\w.)[\w\-]{1,30}?(?:stra\u00dfe|strasse|str\.) ?[0-9]{1,4}(?: ?[a-z])?\b"
)
_EUROPEAN = re.compile(
    r"[0-9CAPVR](?:(?<=[0-9])(?<![\w.,].)[0-9]{0,3}(?: ?(?:bis|ter))?,? "
    r"(?:rue|avenue|boulevard|chemin|impasse|all\u00e9e|quai|cours) "
    r"(?:(?:de la|de l'|du|des|de|d') ?)?[A-Z\u00c0-\u00dd][\w'\-]{1,25}"
    r"(?: (?:de |du |des |la )?[A-Z\u00c0-\u00dd][\w'\-]{1,25}){0,3}"
    r"|(?<!\w.)(?:(?<=C)(?:alle|orso)|(?<=A)(?:venida|vda\.)|(?<=P)aseo|(?<=V)ia(?:le)?|(?<=R)ua) "
    r"(?:(?:de la|de los|del|de|da|do|della|dei) )?"
    r"[A-Z\u00c0-\u00dd][\w'\-]{1,25}(?: [A-Z\u00c0-\u00dd][\w'\-]{1,25}){0,2},? (?:n\u00ba ?|n\. ?)?[0-9]{1,4}\b)"
)
_ZIP_CODE = re.compile("[A-Z]{2} [0-9]{5}")

_COORDINATES = re.compile(
    r"[\-0-9](?<![\w.,\-].)(?<![0-9], .)(?:(?<=-)[0-9]|(?<=[0-9]))[0-9]?\.[0-9]{4,15}"
    r"(?P<gap>, ?|;| )-?(?:1[0-7][0-9]|[0-9]{1,2})\.[0-9]{4,15}(?![\w.])(?!,? ?-?[0-9])"
)
"""Degrees of latitude and longitude, with the four decimals that are within ten metres or more (RFC 5870)."""


def _find(text: str, key: str) -> list[Span]:  # noqa: ARG001 - the words of an address tell
    found: list[tuple[int, int]] = []
    for match in _STREET.finditer(text):
        vague = match["suffix"] in _VAGUE and match["unit"] is None
        if not vague or (_FOLLOWS.match(text, match.end()) is not None and _NOT_STREETS.search(match[0]) is None):
            found.append(match.span())
    found += [match.span() for match in _RARE_STREET.finditer(text) if match["suffix"] in _RARE_SUFFIXES]
    if _ZIP_CODE.search(text) is not None:
        found += [match.span() for match in _US_ADDRESS.finditer(text)]
    if "Box" in text or "PO" in text:
        found += [match.span() for match in _BOX.finditer(text)]
    if "str" in text:
        found += [match.span() for match in _GERMAN.finditer(text)]
    for match in _EUROPEAN.finditer(text):
        found.append(match.span())
    spans: list[Span] = []
    past = 0
    for start, end in sorted(found, key=_longest_first) if len(found) > 1 else found:
        if start >= past:
            past = end
            spans.append((start, end, "street"))
    return spans


def _longest_first(span: tuple[int, int]) -> tuple[int, int]:
    return span[0], -span[1]


def _find_location(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the shape tells
    for match in _COORDINATES.finditer(text):
        if abs(float(match[0].split(match["gap"], 1)[0])) <= 90:
            yield (*match.span(), "location")


STREET_FAMILY = Family(
    "street",
    rf" (?:{_SUFFIXES})\b|\b[0-9]{{3,5}} [A-Z0-9][^\n,]*(?:,|\n|,\n) ?[A-Z][a-z]"
    r"| (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|#)\.? ?#?[0-9A-Z]"
    rf"|, ?[A-Z]{{2}} [0-9]{{5}}|\bP\.? ?O\.? ?Box [0-9]| Box [0-9]|[ADF]PO,? A[AEP] [0-9]"
    r"|(?:stra\x{df}e|strasse|str\.) ?[0-9]"
    r"|[0-9rs],? (?:rue|avenue|boulevard|chemin|impasse|all\x{e9}e|quai|cours) "
    r"|\b(?:Calle|Avenida|Avda\.|Paseo|Via|Viale|Corso|Rua) ",
    outside_markers(_find),
)
"""``find`` tells street addresses, those of the US with city, state and ZIP code, as ``street``."""

LOCATION_FAMILY = Family(
    "coordinates",
    r"[0-9]\.[0-9]{4,15}(?:, ?|;| )-?[0-9]{1,3}\.[0-9]{4}",
    outside_markers(_find_location),
)
"""``find`` tells pairs of coordinates as ``location``."""
