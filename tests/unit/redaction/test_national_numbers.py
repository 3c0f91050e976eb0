"""Numbers of states against the examples that their authorities publish."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction import european_numbers as europe
from sidecar.redaction import national_numbers as nations

VALID = {
    nations.us_ssn: ["123456789", "078051120", "219099999", "899999999"],
    nations.us_itin: ["912701234", "900650000", "999880000"],
    nations.us_ein: ["123456789", "042103594"],
    nations.us_npi: ["1234567893"],  # CMS
    nations.us_mbi: ["1EG4TE5MK73", "1EG4TE5MK72"],  # CMS
    nations.ca_sin: ["046454286"],  # Service Canada
    nations.mx_curp: ["HEGG560427MVZRRL04", "BOXW310820HNERXN09"],  # Renapo
    nations.mx_rfc: ["GODE561231GR8"],  # SAT
    nations.mx_rfc_shape: ["GODE561231GR8", "WIUK250101PBG"],
    nations.br_cpf: ["52998224725", "11144477735"],
    nations.br_cnpj: ["11222333000181", "12ABC34501DE35"],  # Receita Federal, also with letters
    nations.cl_rut: ["123456785", "306869574", "10000013K"],
    nations.ar_cuit: ["20267565393"],
    nations.in_aadhaar: ["234123412346"],  # UIDAI
    nations.in_pan: ["ABCPE1234F", "AAAPL1234C"],
    nations.cn_resident: ["11010519491231002X", "360426199101010071"],  # GB 11643-1999
    nations.kr_rrn: ["9710139019902"],
    nations.kr_rrn_shape: ["8207012409184", "2011303123456"],
    nations.jp_my_number: ["123456789018"],
    nations.sg_nric: ["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"],
    nations.hk_id: ["A1234563", "C1234569", "AB9876543"],
    nations.tw_id: ["A123456789"],
    nations.th_id: ["1234545678781"],
    nations.my_kad: ["770305021234"],
    nations.za_id: ["8001015009087"],
    nations.il_id: ["039337423", "123456782"],
    nations.au_tfn: ["123456782", "876543210"],  # ATO
    nations.au_medicare: ["2123456701", "21234567012"],
    nations.nz_ird: ["49091850", "35901981", "49098576", "136410132"],  # Inland Revenue
    europe.uk_nhs: ["9434765919"],  # NHS Data Dictionary
    europe.uk_nino: ["AB123456C", "QQ123456C", "ZZ123456T"],
    europe.uk_licence: ["MORGA753116SM9IJ", "MORGA753116SM9IJ35"],  # DVLA
    europe.ie_pps: ["6433435F", "6433435OA", "1234567T", "1234567TW"],
    europe.fr_nir: ["184127645108946", "255081416802538"],
    europe.fr_nir_plain: ["184127645108946"],
    europe.de_steuer_id: ["86095742719", "47036892816"],
    europe.nl_bsn: ["111222333", "123456782"],
    europe.be_register: ["85073003328", "00012511148"],
    europe.es_dni: ["12345678Z", "00000000T", "X1234567L", "Y1234567X", "Z1234567R"],  # Interior
    europe.pt_nif: ["501964843", "123456789"],
    europe.it_codice_fiscale: ["RSSMRA85T10A562S", "MRTMTT25D09F205Z", "MRTMTT25D09F20RU"],
    europe.ch_ahv: ["7569217076985", "7561234567897"],  # ZAS
    europe.se_personnummer: ["8112189876", "198112189876", "8112789873"],  # Skatteverket, also day + 60
    europe.no_fodselsnummer: ["15108695088"],
    europe.dk_cpr: ["0707614285"],
    europe.fi_hetu: ["131052-308T"],  # Digital and Population Data Services
    europe.pl_pesel: ["44051401359", "02070803628"],  # gov.pl
    europe.cz_rodne_cislo: ["7103192745", "991231123"],
    europe.hr_oib: ["33392005961"],
    europe.ro_cnp: ["1630615123457"],
    europe.tr_kimlik: ["10000000146"],
    europe.at_svnr: ["1237010180"],
    europe.baltic_code: ["37605030299", "33309240064"],
    europe.bg_egn: ["7523169263"],
    europe.gr_amka: ["01013099997"],
    europe.jmbg: ["0101006500006"],
    europe.is_kennitala: ["1201743399"],
}

INVALID = {
    nations.us_ssn: ["000123456", "666123456", "900123456", "123006789", "123450000", "12345678"],
    nations.us_itin: ["912491234", "912661234", "912931234", "112701234"],
    nations.us_ein: ["003456789", "893456789"],
    nations.us_mbi: ["0EG4TE5MK73", "1SG4TE5MK73", "1EG4TE5MK7A"],
    nations.ca_sin: ["046454287", "846454283", "000000000"],
    nations.mx_curp: ["HEGG561327MVZRRL04", "HEGG560427MVZRRL05"],
    nations.br_cpf: ["11111111111", "52998224726"],
    nations.br_cnpj: ["00000000000000", "12ABC34501DE36"],
    nations.in_pan: ["ABCXE1234F", "ABCPE0000F"],
    nations.cn_resident: ["110105194913310027", "010105194912310021"],
    nations.kr_rrn_shape: ["9713139019902", "9710130019902"],
    nations.my_kad: ["770305001234", "771305021234"],
    nations.za_id: ["8001015009587", "8013015009087"],
    nations.au_medicare: ["1123456701", "2123456711"],
    europe.uk_nino: ["DA123456C", "AO123456C", "BG123456C", "AB123456E"],
    europe.ie_pps: ["6433435E", "6433435OB"],
    europe.fr_nir_plain: ["784127645108910", "184207645108926"],
    europe.de_steuer_id: ["06095742719", "12345678903"],
    europe.nl_bsn: ["000000000", "111222334"],
    europe.it_codice_fiscale: ["RSSMRA85T10A562T", "RSSMRA85G10A562S"],
    europe.ch_ahv: ["7559217076984"],
    europe.dk_cpr: ["3113614285", "0100614285"],
    europe.fi_hetu: ["131052-308U", "321052-308T"],
    europe.tr_kimlik: ["00000000146", "10000000147"],
}


def test_every_rule_has_published_numbers():
    rules = {rule for module in (nations, europe) for _, rule in inspect.getmembers(module, inspect.isfunction)
             if rule.__module__ == module.__name__}  # fmt: skip
    assert rules == set(VALID)


@pytest.mark.parametrize(("rule", "number"), [(rule, number) for rule, numbers in VALID.items() for number in numbers])
def test_published_numbers_are_valid(rule, number):
    assert rule(number)


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, number) for rule, numbers in INVALID.items() for number in numbers]
)
def test_numbers_that_break_one_rule_are_not_valid(rule, number):
    assert not rule(number)


CHECKED = [rule for rule in VALID if rule not in {
    nations.us_ssn, nations.us_itin, nations.us_ein, nations.us_mbi, nations.in_pan, nations.my_kad,
    nations.mx_rfc_shape,
    nations.kr_rrn_shape, nations.au_medicare, europe.uk_nino, europe.uk_licence, europe.dk_cpr, europe.at_svnr,
    europe.is_kennitala,
}]  # fmt: skip


@pytest.mark.parametrize("rule", CHECKED)
def test_another_last_sign_is_noticed(rule):
    number = VALID[rule][0]
    if rule is europe.ie_pps:
        number = number[:8]
    others = "0123456789" if number[-1].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert [last for last in others if rule(number[:-1] + last)] == [number[-1]]


@pytest.mark.parametrize("rule", list(VALID))
@given(text=st.text(max_size=20) | st.text("0123456789ABCXZ-", max_size=20))
def test_no_text_raises_anything(rule, text):
    assert rule(text) in {True, False}
