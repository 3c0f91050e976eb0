"""Phrases that names are judged by: their last two, three or four words together.

Words are lower case, ASCII and singular, as ``key_rules`` cuts them; ``_`` stands for the space inside a phrase.
Sources: as in ``key_words``.
"""

from collections.abc import Iterable


def words(text: str) -> tuple[str, ...]:
    """The words of a text, parted by white space."""
    return tuple(text.split())


def table(rows: dict[str, str]) -> dict[str, str]:
    """Kind -> words becomes word -> kind; ``_`` stands for the space inside a phrase."""
    return {word.replace("_", " "): kind for kind, text in rows.items() for word in words(text)}


def _before(firsts: Iterable[str], last: str) -> list[str]:
    return [f"{first} {last}".replace("_", " ") for first in firsts]


VOCABULARY = words("""
    account admin administrator amqp api app application aws azure backend bastion basic bind bot broker
    broadcast cache celery client cluster cms company conn connection consul couchdb cpanel crm customer
    database db default dev docker elastic elasticsearch email encryption etcd ext ftp git github gitlab grafana
    gpg guest heroku host http https imap influx influxdb internal jdbc jenkins jira jks kafka keepass keycloak
    keyring keystore kibana ldap linux local login mail mailer mariadb master member mongo mongodb mqtt mssql my
    mysql nats neo oauth odbc openvpn oracle owner pem pg pgp pop portal postgres postgresql pri prod private
    proxy rabbit rabbitmq rdp redis registry remote replication root rpc samba sasl security server service sftp
    shared sip site slack smb smtp snmp sql ssh ssl staging store sudo super superuser svc sys system telnet
    temp temporary test tls truststore unix usr user vault vnc vpn web webdav website wifi windows wlan wp
    zabbix zip
    additional agent alternate applicant attendee bank beneficiary bill billing borrower branch business buyer by call
    cardholder child company confirm consumer contact corporate creditor debit debtor default delivery dependent
    destination doctor document driver emergency employee employer end entity events export external extra family
    father final first gateway group guarantor guardian holder home hook import individual insured invoice issuer job
    last lead legal lender loan main management manager maintenance merchant mother new next of office official old
    online operator order org organisation organization original outgoing parent participant partner passenger patient
    payee payer payout permanent person phone policy present previous primary processor profile provider public
    purchase recipient record referrer refund registered related renter rep representative requester resident sale
    secondary seller sender settlement shipping shop shopper signer signing sim site social spouse staff student
    subscriber supplier support target tenant terminal third to trade transaction transfer traveler traveller trust
    vendor virtual visitor wallet webhook work worker your
""")
"""What names are made of beside the phrases: whose it is, and where. ``dbpassword`` is cut after ``db``."""

_HARMLESS_PASSES = words("""
    all band battle boarding bus by compiler day epic event fast final first free game gate hall high last lift low
    month mountain multi museum must next one optimizer park rail render return season second ski single test tests
    over sur third through travel tres two under visitor week will
""")
"""Passes that are no words: to board, to travel, over data; or those of tests."""

_TOKEN_OWNERS = words("""
    access activation admin amz antiforgery api app apns auth authenticated authentication authenticity
    authorization bearer bot card client confirm confirmation consumer csrf deploy device discord embed fcm
    firebase gcm github gitlab google hmac id identity installation invitation invite jwt link login magic mfa
    npm oauth otp page_access password pat payment personal push pypi recovery refresh registration remember
    reset runner secret security service session setup sharing slack sso stripe temp temporary totp twilio
    unsubscribe user vault verification verify web webhook xoxb xsrf
""")

_KEY_OWNERS = words("""
    access account activation admin aes ai algolia amplitude anon anthropic api app application auth
    authentication authorization aws azure bearer billing bot bugsnag ca cert cipher client cloudflare
    cloudinary coinbase connection consumer datadog dd decryption deploy des dev developer dkim dsa ec ecdsa ed
    elasticsearch encrypt encryption fcm firebase functions gateway gcp geocoding github gitlab google
    groq heroku hmac honeybadger host ingest ingestion instrumentation integration jwt license licence mac
    mailchimp mailgun mandrill maps mapbox master mixpanel newrelic onesignal openai openweather paypal pem
    postmark posthog pre_shared preshared private production pusher rapidapi razorpay recovery restricted root
    rsa sandbox seal secret segment sendgrid sendinblue sentry server service service_role session shared shodan
    sign signature signing ssh ssl sse_customer storage stream stripe subscription supabase symmetric
    telegram twilio unseal unlock virustotal wallet webhook weather wifi wpa write yandex youtube
""")

_SOFT_KEYS = words("gpg pgp integration routing host user customer data ingestion dev account_access sdk io aio")
"""Keys that are as often the name of a thing: only values that a machine made count."""

_IP_OWNERS = words("""
    access account actor browser buyer caller client created creation current customer device end_user forwarded
    last last_login last_seen login logged member order origin original originating originator payer peer_client
    posted public_client purchase real recent registration registered remote reporter request requester sender
    session shopper sign_in sign_up signed signin signup source src submitted submitter subscriber tester user
    viewer visitor voter
""")
"""Whose address it is: a person's, not a machine's; those of hosts are left to the value detectors."""

_HARMLESS_TOKENS = words("""
    attribution base begin block bos cached checkpoint chunk conditional consumed context cancel cancellation
    change changes class cls client_request completion concurrency consistency continuation creation_request
    creator_request cursor custom debug delta dkim end eos expected fee first fork format
    idempotency idempotent input is last list lock marker mask max min mute native next next_backward next_batch
    next_chunk next_forward next_message next_set next_upload next_wait nft num optimistic output pad page
    paging pagination partition per position preference prev previous prompt quote request_idempotency response
    resume resync revision scroll separator sep sequence skip special start starting state stop storage sync tag
    term text total trace unk unknown update upload_sequence version watch word
""")
"""Places in a list, versions of a record, pieces of a text, coins: none of these opens a door."""

_HARMLESS_KEYS = words("""
    attribute cache candidate column composite config configuration context data_map document dictionary event
    event_payload extra field filter foreign group hash header hot idempotency index item join json label
    language locale localization lookup map_key meta metadata object order param parameter partition
    partitioning primary property public publishable query range registry remote repeat resource search
    secondary setting shard sort source storage_class surrogate table tag template theme translation unique
    value verification verify view
""")


_LOOK_ALIKES = words("""
    public_key public_key_pem public_key_material public_key_data host_key_alias aws_account_number
    repository_full_name repo_full_name project_full_name resource_full_name entity_full_name package_full_name
    regime_full_name operating_system_family_name font_family_name mac_address_table login_name signature_name
    allow_credential credential_id phone_number_id phone_id mobile_id
""")
"""Phrases that the other rules would take, and that hold nothing of a person or a secret."""

_PHRASES = table({
    "password": """
        pass_word pass_wd password_data mot_de_passe mot_passe password_hash password_digest password_salt
        pass_hash enable_secret
    """,
    "passphrase": """
        pass_phrase pass_key seed_phrase wallet_mnemonic seed_mnemonic mnemonic_phrase recovery_phrase secret_phrase
        backup_phrase secret_words
    """,
    "secret": """
        secret_value secret_string secret_data secret_text secret_binary secret_base secret_key_base
        secret_hash shared_access_signature license_key licence_key
    """,
    "token": "csrf_middleware_token saml_response saml_assertion client_assertion oauth_verifier",
    "api_key": "secret_access_key functions_host_key",
    "private_key": """
        private_key raw_key signing_key encryption_key decryption_key rsa_key dsa_key ecdsa_key ec_key
        key_material client_key_data tls_key ssl_key aes_key private_pem key_pem pem_key wrapped_key_block
    """,
    "otp": """
        auth_code authorization_code verification_code confirmation_code activation_code one_time_code
        one_time_password code_verifier backup_code recovery_code mfa_code tfa_code fa_code 2fa_code
        two_factor_code sms_code otp_code totp_code login_code security_pin pass_code access_code
        device_code oob_code reset_code authenticator_code user_code email_code phone_code otp_number otp_value
        otp_input otp_pin
    """,
    "pin": """
        card_pin pin_code pin_number atm_pin debit_pin pin_block sim_pin account_pin login_pin user_pin
        security_pin customer_pin pos_pin door_pin wallet_pin personal_pin
    """,
    "cvv": """
        security_code card_code verification_value cvv_code cvc_code card_verification
        card_verification_code card_verification_value card_cid card_security_code card_csc
    """,
    "card_number": """
        card_number card_no card_num cc_number cc_num cc_no credit_card debit_card card_pan account_pan
        pan_number track_data track_1 track_2 primary_account_number numero_tarjeta numero_carte
        numero_cartao payment_card
    """,
    "credential": """
        aws_access_key_id access_key_id card_cryptogram application_cryptogram secret_id
        service_account_json service_account_key credentials_json credential_json dsn connection_string
        saml_request
    """,
    "session": "session_id session_key session_hash session_cookie ",
    "email": """
        email_address e_mail mail_address email_addr correo_electronico e_mail_address contact_mail email_1
        email_2
    """,
    "phone": """
        phone_number mobile_number mobile_phone cell_number cell_phone contact_number telephone_number
        fax_number tel_number tel_no phone_no phone_num mobile_no contact_no home_phone work_phone to_number
        from_number caller_number calling_number called_number dialed_number sms_number whatsapp_number
        numero_telephone numero_de_telephone numero_telefono daytime_phone evening_phone
    """,
    "account_number": """
        account_number account_num account_no account_nr acct_number acct_no acct_num acc_number acc_no
        bank_account bank_acct routing_number sort_code aba_number aba_routing transit_number bsb_number
        routing_no bank_account_number account_nbr routing_transit_number
    """,
    "ssn": "security_number social_security ssn_last_4 ssn_number",
    "national_id": """
        national_id national_identifier national_number identity_number identification_number id_number
        insurance_number social_insurance personal_number personal_id_number citizen_id government_id
        id_card_number identity_card_number identity_document_number document_id_number personal_code
        personal_identity_number resident_registration_number numero_dni numero_securite
        numero_securite_sociale numero_de_securite_sociale codice_fiscale cod_fiscale rodne_cislo
        asmens_kodas tc_kimlik_no tc_kimlik tc_no kimlik_no emirates_id national_insurance
        citizenship_number my_number voter_id personal_identification_number national_id_number
        national_identification national_identity aadhaar_card identity_no identity_num identification_no id_no
        identity_card cedula_identidad cedula_de_identidad
    """,
    "tax_id": """
        tax_id tax_number tax_no tax_payer_id taxpayer_id taxpayer_number vat_number vat_id tax_identification_number
        tax_identifier taxpayer_identification_number taxpayer_identification employer_identification_number
        pan_card pan_card_number pan_card_no partita_iva steuer_id steuer_nr id_fiscal tax_file_number tax_reference
        business_tax_id
    """,
    "passport": """
        passport_number passport_no passport_num passport_id passport_code passport_nr visa_number visa_no
        passport_card_number passport_book_number passport_document_number passport_serial_number travel_document
        travel_document_number travel_document_no travel_document_num travel_document_id travel_doc travel_doc_number
        travel_doc_no travel_doc_id travel_permit_number mrz_line machine_readable_zone numero_passeport
        numero_de_passeport numero_pasaporte numero_de_pasaporte numero_passaporto numero_passaporte
        numero_do_passaporte numer_paszportu pass_nummer laissez_passer
    """,
    "licence": """
        driver_license drivers_license driver_licence drivers_licence driving_licence driving_license
        license_no dl_number driver_license_number drivers_license_number driving_licence_number
        driver_s_license driver_s_licence driver_license_no driver_licence_number driving_license_number
        drivers_licence_number
    """,
    "medical_id": """
        medical_record medical_record_number nhs_number medicare_number medicaid_number medicaid_id
        medicare_id health_card_number health_insurance_number patient_id patient_number health_id
        insurance_member_id subscriber_id_number health_number
    """,
    "date_of_birth": """
        date_of_birth birth_date of_birth birth_day birth_dt birth_year year_of_birth fecha_nacimiento
        fecha_de_nacimiento data_nascimento data_de_nascimento date_naissance date_de_naissance
        data_di_nascita data_nascita data_urodzenia date_birth day_of_birth birth_timestamp born_date
        birth_month
    """,
    "ip": """
        remote_addr remote_address client_addr client_address x_forwarded_for forwarded_for
        real_client_address
    """,
    "name": """
        first_name last_name full_name given_name family_name middle_name maiden_name fore_name sur_name
        holder_name name_on_card cardholder card_holder account_holder beneficiary_name recipient_name
        sender_name payer_name payee_name patient_name customer_name buyer_name contact_name employee_name
        student_name guest_name passenger_name driver_name applicant_name spouse_name father_name
        mother_name guardian_name billing_name shipping_name real_name preferred_name person_name
        signatory_name attendee_name invitee_name traveler_name traveller_name cardholder_name name_first
        name_last insured_name doctor_name physician_name subscriber_name debtor_name creditor_name
        consignee_name nombre_completo segundo_nombre primer_nombre primer_apellido segundo_apellido
        nom_de_famille name_middle second_name
    """,
    "street": """
        street_address address_line address_1 address_2 address_3 addr_1 addr_2 address_line_1
        address_line_2 street_1 street_2 street_line street_name street_number house_number line_1 line_2
        address_lines home_address mailing_address billing_address shipping_address delivery_address
        residential_address postal_address full_address customer_address street_line_1 street_line_2
        residence_address physical_address permanent_address current_address
    """,
    "postal_code": "postal_code post_code zip_code code_postal codigo_postal postal_zip",
    "city": "city_name",
    "country": "country_code country_name",
    "user_id": """
        user_id user_name member_id user_uuid user_guid user_login external_user_id
        preferred_username
    """,
    "device_id": """
        device_id device_uuid advertising_id android_id mac_address device_serial mac_addr device_identifier
        hardware_id
    """,
    "location": "lat_lng lat_lon lat_long geo_location geo_point gps_coordinates gps_location",
    "user_agent": "user_agent",
})  # fmt: skip

PHRASES: dict[str, str | None] = {
    **dict.fromkeys(_before(_HARMLESS_PASSES, "pass")),
    **dict.fromkeys(_before(_TOKEN_OWNERS, "token"), "token"),
    **dict.fromkeys(_before(_KEY_OWNERS, "key"), "api_key"),
    **dict.fromkeys(_before(_SOFT_KEYS, "key"), "credential"),
    **dict.fromkeys([name for ip in ("ip", "ip_address", "ip_addr") for name in _before(_IP_OWNERS, ip)], "ip"),
    **dict.fromkeys(_before(_HARMLESS_TOKENS, "token")),
    **dict.fromkeys(_before(_HARMLESS_KEYS, "key")),
    **_PHRASES,
    **dict.fromkeys(phrase.replace("_", " ") for phrase in _LOOK_ALIKES),
}
"""Last two, three or four words of a name -> kind; None marks names that look sensitive and are not."""
