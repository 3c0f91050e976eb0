"""The words that names are judged by: what is sensitive as a last word, as the last two or three, or as a whole name.

Words are lower case, ASCII and singular, as ``key_rules`` cuts them. Sources: the field names of the vendors' own API
descriptions (AWS, Google, Stripe, Plaid, Slack, Twilio, GitHub, Kubernetes), schema.org ``Person`` and
``PostalAddress``, OpenID Connect Core 5.1 (claims), SCIM (RFC 7643), FHIR ``Patient``, HTML ``autocomplete`` tokens,
and the names that states give to their identifiers.
"""

from sidecar.redaction.key_phrases import PHRASES, table, words

__all__ = ["AFFIXES", "HARMLESS_FIRST", "LAST", "PHRASES", "WHOLE"]

LAST: dict[str, str] = table({
    "password": """
        password passwd pwd passw passwrd pasword pswd psswd paswd pswrd psword paswrd passwort kennwort
        contrasena senha wachtwoord haslo heslo
        motdepasse mdp parola losenord adgangskode salasana jelszo sifre lozinka userpassword
        pass pw пароль 密码 密碼 パスワード 비밀번호 패스워드 비번 암호 口令
    """,
    "passphrase": "passphrase",
    "secret": "secret clientsecret sharedsecret",
    "token": """
        token accesstoken refreshtoken authtoken idtoken bearer csrfmiddlewaretoken xsrf csrf
        csrfparam samlresponse samlassertion
    """,
    "jwt": "jwt jws",
    "api_key": "apikey accesskey secretkey authkey psk appkey",
    "private_key": "privatekey privkey keypem",
    "otp": "otp totp hotp passcode otpauth",
    "cvv": "cvv cvc cvn",
    "credential": "credential cred",
    "signature": "signature hmac",
    "authorization": "authorization",
    "cookie": "cookie",
    "session": "sessionid jsessionid phpsessid sessid sessionkey",
    "card_number": "cardnumber ccnumber ccnum creditcard debitcard cardno kreditkartennummer cartecredit",
    "email": "email courriel emailaddress emailaddr",
    "phone": """
        phone telephone tel msisdn cellphone mobilephone telefon telefono telefone celular handynummer telefonnummer
        telefoonnummer mobilnummer rufnummer fax phonenumber mobilenumber faxnumber homephone workphone puhelin
    """,
    "iban": "iban",
    "account_number": "accountnumber acctnum kontonummer rekeningnummer clabe routingnumber sortcode bankleitzahl",
    "ssn": "ssn",
    "national_id": """
        cpf dni nif nie nino bsn pesel aadhaar aadhar curp nric hkid personnummer fodselsnummer henkilotunnus hetu jmbg
        oib emso isikukood rrn codicefiscale codfisc rodnecislo sozialversicherungsnummer burgerservicenummer tckn
        tckimlik tckimlikno svnr ahv cedula cnic niss insz ppsn mykad kennitala svnummer ahvnummer personnr idnr
        ausweisnummer cprnummer personnumer nationalid nationalinsurancenumber personalausweisnummer dnie rodnycislo
        amka
    """,
    "tax_id": "itin cnpj steuernummer steuerid taxid taxnumber taxpayerid vatid vatnumber partitaiva cuit cuil tfn",
    "passport": """
        passport passportnumber passportno passportnr reisepass reisepassnummer reisepassnr passnummer passeport
        pasaporte passaporto passaporte paspoort paspoortnummer paszport pasaport traveldocument traveldocumentnumber
    """,
    "licence": "driverslicense driverlicense driverlicence drivinglicence drivinglicense fuhrerscheinnummer",
    "medical_id": "mrn nhsnumber",
    "date_of_birth": """
        dob birthday birthdate dateofbirth bday birthdt geburtsdatum geburtstag geboortedatum fechanacimiento
        datanascimento datenaissance dataurodzenia datadinascita syntymaaika fodelsedatum fodselsdato
    """,
    "name": """
        firstname lastname fullname givenname familyname surname middlename maidenname forename fname lname mname
        cardholdername cardholder accountholder vorname nachname apellido prenom nomdefamille imie nazwisko voornaam
        achternaam sobrenome cognome fornavn etternavn efternamn realname secondname
    """,
    "street": """
        street streetaddress streetname addressline strasse hausnummer straat ulica calle streetline
        homeaddress mailingaddress billingaddress shippingaddress deliveryaddress postaladdress residentialaddress
    """,
    "city": "city town ciudad cidade ville stadt wohnort",
    "country": "country land pais",
    "postal_code": "postalcode postcode zip zipcode plz cep postleitzahl codepostal codigopostal",
    "user_id": "userid username userguid useruuid",
    "device_id": "deviceid imei imsi meid udid idfa idfv gaid deviceuuid androidid macaddress",
    "location": "lat lng lon latitude longitude latlng geolocation latlong",
    "user_agent": "useragent",
    "gender": "gender sex geschlecht",
})  # fmt: skip
"""Last word of a name -> kind."""

WHOLE: dict[str, str] = table({
    "password": "passcode psw mima",
    "token": "auth",
    "passphrase": "mnemonic",
    "otp": "mfa fa tfa",
    "pin": "pin",
    "cvv": "csc",
    "card_number": "pan",
    "signature": "sas sig",
    "session": "session sess",
    "credential": "secrets credentials creds tokens",
    "private_key": "key_data",
    "email": "mail correo",
    "phone": "mobile cell whatsapp phones gsm",
    "account_number": "bsb aba blz",
    "national_id": "sin rut nik egn cnp cpr nir insee ahv",
    "tax_id": "tin ein rfc abn vat tax_ids siren",
    "licence": "license_number licence_number",
    "ip": "ip ips ip_address ip_addr ipaddress ipaddr ip_addresses ipv ipv_address ip_v",
    "name": "given nombres apellidos name_on_account",
    "street": "address addr adresse direccion endereco indirizzo adres rua rue",
    "location": "coordinates geo gps",
    "user_id": "uid login nickname nick screen_name handle",
})  # fmt: skip
"""Whole names, without the affixes of forms -> kind. As last words they mean too many other things."""

HARMLESS_FIRST = frozenset(
    words("""
    has is num max min total can should allow allows require requires enable enables enabled disable disabled
    show hide supports count avg average needs expects
""")
)
"""``has_password``, ``max_token``: a fact about a secret, not the secret."""

AFFIXES = frozenset(
    words("""
    input field new old current confirm confirmed confirmation repeat retype again user customer value val my
    your the raw plain plaintext text str string base64 b64 encoded encrypted decrypted hash hashed md5 sha1
    sha256 enc prod production dev development stg stage staging sandbox live ro rw readonly backup tmp v param
    parameter openai anthropic github gitlab stripe aws azure gcp google slack twilio sendgrid mysql postgres
    redis mongodb heroku kana kanji romaji
""")
)
"""Words around the name that counts: ``new_password``, ``password_confirmation``, ``API_KEY_PROD``."""

LAST |= {
    phrase.replace(" ", ""): kind
    for phrase, kind in PHRASES.items()
    if kind and len(phrase) > 6 and not phrase[-1].isdigit() and phrase.replace(" ", "") not in LAST
}
"""``accesstoken``, ``dateofbirth``: phrases without separators. Those with more before them are in ``key_joined``."""
