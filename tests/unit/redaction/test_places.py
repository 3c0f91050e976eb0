"""Street addresses and coordinates; and phrases with numbers that are none."""

import pytest

from sidecar.redaction.places import LOCATION_FAMILY, STREET_FAMILY


def found(text, family=STREET_FAMILY):
    return [text[start:end] for start, end, _ in family.find(text, "")]


@pytest.mark.parametrize(
    "address",
    [
        "1600 Pennsylvania Ave NW",
        "123 Main Street",
        "350 Fifth Avenue, Suite 300",
        "221B Baker Street",
        "123 N. Main St.",
        "742 Evergreen Terrace",
        "1 Infinite Loop Road",
        "10 Downing Street",
        "5 Elm Dr",
        "12 5th Avenue",
        "P.O. Box 123",
        "PSC 7193, Box 9037",
        "Hauptstraße 12",
        "Musterstr. 5a",
        "12 rue de la Paix",
        "10 avenue des Champs-Élysées",
        "Calle Mayor 10",
        "Via Roma 10",
        "5593 Brian River Apt. 12",
        "242 Oak Hill Suite 759",
    ],
)
def test_addresses_are_found_in_a_text(address):
    assert found(f"lives at {address}") == [address]
    assert found(f"{address}\nthen") == [address]


@pytest.mark.parametrize(
    "address",
    ["242 Christine Glen\nJohnborough, NC 98765", "12345 Oak Hill Suite 5, Springfield, IL 62704-1234",
     "123 Main Street, New York, NY 10001"],
)  # fmt: skip
def test_a_us_address_is_found_with_city_state_and_zip_code(address):
    assert found(f"Ship to {address}.") == [address]


@pytest.mark.parametrize(
    "text",
    [
        "5 Google Drive files", "500 GB Hard Drive", "10 Things To Do", "2 Factor Authentication Way to go",
        "24 Hour Road trip",
        "3 Supreme Court cases", "Top 10 Best Place", "version 2 Street", "12 Main", "Dr Smith 5 St John",
        "$5 New Way forward",
        "2024 New Way to Court players", "rue 12", "avenue 5", "Street 5", "12 street", "2024 Data Center, Berlin",
        "Via 10",
        "10 Open Pull Requests", "[REDACTED:street] St", "1.5 Main Street", "strasse", "Box 12",
    ],
)  # fmt: skip
def test_look_alikes_are_left_alone(text):
    assert found(text) == []


@pytest.mark.parametrize("pair", ["40.712776,-74.005974", "-33.8688, 151.2093", "51.507351 -0.127758", "0.0001,0.0001"])
def test_coordinates_are_found(pair):
    assert found(f"at {pair}", LOCATION_FAMILY) == [pair]
    assert LOCATION_FAMILY.find(pair, "")[0][2] == "location"


@pytest.mark.parametrize(
    "text",
    ["40.71,-74.00", "95.1234,10.1234", "1.2345,200.1234", "0.1234,0.5678,0.9012", "1.234, 5.678", "40.712776",
    "v40.7127,74.0059",
     "40.712776,-74.005974.5", "10.1234,20.12345,x,3.12345,4.12345,5.12345", "$40.7127", "12345.6789,12.3456",
     "40.7127;", "1e40.7127,74.0059", "40.7127/74.0059", "40.712776,-74.005974e3"],
)  # fmt: skip
def test_other_pairs_of_numbers_are_left_alone(text):
    assert [pair for pair in found(text, LOCATION_FAMILY) if text == pair] == []
