/**
 * Continents, countries and states as geolocation record sets name them. Which continent a country is on is AWS's
 * word (Route 53 has Cyprus, Turkey and Russia in Europe, and the Caucasus in Asia), whatever a database says.
 */

export const CONTINENTS: ReadonlyMap<string, string> = new Map([
  ['AF', 'Africa'],
  ['AN', 'Antarctica'],
  ['AS', 'Asia'],
  ['EU', 'Europe'],
  ['NA', 'North America'],
  ['OC', 'Oceania'],
  ['SA', 'South America'],
]);

export interface Country {
  readonly code: string;
  readonly name: string;
  readonly continent: string;
}

/** ISO 3166-1 alpha-2, by continent. */
const BY_CONTINENT = {
  AF: `AO Angola; BF Burkina Faso; BI Burundi; BJ Benin; BW Botswana; CD Democratic Republic of the Congo;
    CF Central African Republic; CG Congo; CI Côte d'Ivoire; CM Cameroon; CV Cabo Verde; DJ Djibouti; DZ Algeria;
    EG Egypt; EH Western Sahara; ER Eritrea; ET Ethiopia; GA Gabon; GH Ghana; GM Gambia; GN Guinea;
    GQ Equatorial Guinea; GW Guinea-Bissau; KE Kenya; KM Comoros; LR Liberia; LS Lesotho; LY Libya; MA Morocco;
    MG Madagascar; ML Mali; MR Mauritania; MU Mauritius; MW Malawi; MZ Mozambique; NA Namibia; NE Niger; NG Nigeria;
    RE Réunion; RW Rwanda; SC Seychelles; SD Sudan; SH Saint Helena, Ascension and Tristan da Cunha; SL Sierra Leone;
    SN Senegal; SO Somalia; SS South Sudan; ST São Tomé and Príncipe; SZ Eswatini; TD Chad; TG Togo; TN Tunisia;
    TZ Tanzania; UG Uganda; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe`,
  AN: `AQ Antarctica; BV Bouvet Island; GS South Georgia and the South Sandwich Islands;
    HM Heard Island and McDonald Islands; TF French Southern Territories`,
  AS: `AE United Arab Emirates; AF Afghanistan; AM Armenia; AZ Azerbaijan; BD Bangladesh; BH Bahrain; BN Brunei;
    BT Bhutan; CC Cocos (Keeling) Islands; CN China; CX Christmas Island; GE Georgia; HK Hong Kong; ID Indonesia;
    IL Israel; IN India; IO British Indian Ocean Territory; IQ Iraq; IR Iran; JO Jordan; JP Japan; KG Kyrgyzstan;
    KH Cambodia; KP North Korea; KR South Korea; KW Kuwait; KZ Kazakhstan; LA Laos; LB Lebanon; LK Sri Lanka;
    MM Myanmar; MN Mongolia; MO Macao; MV Maldives; MY Malaysia; NP Nepal; OM Oman; PH Philippines; PK Pakistan;
    PS Palestine; QA Qatar; SA Saudi Arabia; SG Singapore; SY Syria; TH Thailand; TJ Tajikistan; TL Timor-Leste;
    TM Turkmenistan; TW Taiwan; UZ Uzbekistan; VN Vietnam; YE Yemen`,
  EU: `AD Andorra; AL Albania; AT Austria; AX Åland Islands; BA Bosnia and Herzegovina; BE Belgium; BG Bulgaria;
    BY Belarus; CH Switzerland; CY Cyprus; CZ Czechia; DE Germany; DK Denmark; EE Estonia; ES Spain; FI Finland;
    FO Faroe Islands; FR France; GB United Kingdom; GG Guernsey; GI Gibraltar; GR Greece; HR Croatia; HU Hungary;
    IE Ireland; IM Isle of Man; IS Iceland; IT Italy; JE Jersey; LI Liechtenstein; LT Lithuania; LU Luxembourg;
    LV Latvia; MC Monaco; MD Moldova; ME Montenegro; MK North Macedonia; MT Malta; NL Netherlands; NO Norway;
    PL Poland; PT Portugal; RO Romania; RS Serbia; RU Russia; SE Sweden; SI Slovenia; SJ Svalbard and Jan Mayen;
    SK Slovakia; SM San Marino; TR Türkiye; UA Ukraine; VA Vatican City; XK Kosovo`,
  NA: `AG Antigua and Barbuda; AI Anguilla; AW Aruba; BB Barbados; BL Saint Barthélemy; BM Bermuda;
    BQ Bonaire, Sint Eustatius and Saba; BS Bahamas; BZ Belize; CA Canada; CR Costa Rica; CU Cuba; CW Curaçao;
    DM Dominica; DO Dominican Republic; GD Grenada; GL Greenland; GP Guadeloupe; GT Guatemala; HN Honduras; HT Haiti;
    JM Jamaica; KN Saint Kitts and Nevis; KY Cayman Islands; LC Saint Lucia; MF Saint Martin; MQ Martinique;
    MS Montserrat; MX Mexico; NI Nicaragua; PA Panama; PM Saint Pierre and Miquelon; PR Puerto Rico; SV El Salvador;
    SX Sint Maarten; TC Turks and Caicos Islands; TT Trinidad and Tobago; US United States;
    VC Saint Vincent and the Grenadines; VG British Virgin Islands; VI U.S. Virgin Islands`,
  OC: `AS American Samoa; AU Australia; CK Cook Islands; FJ Fiji; FM Micronesia; GU Guam; KI Kiribati;
    MH Marshall Islands; MP Northern Mariana Islands; NC New Caledonia; NF Norfolk Island; NR Nauru; NU Niue;
    NZ New Zealand; PF French Polynesia; PG Papua New Guinea; PN Pitcairn; PW Palau; SB Solomon Islands; TK Tokelau;
    TO Tonga; TV Tuvalu; UM United States Minor Outlying Islands; VU Vanuatu; WF Wallis and Futuna; WS Samoa`,
  SA: `AR Argentina; BO Bolivia; BR Brazil; CL Chile; CO Colombia; EC Ecuador; FK Falkland Islands; GF French Guiana;
    GY Guyana; PE Peru; PY Paraguay; SR Suriname; UY Uruguay; VE Venezuela`,
};

/** By code, in the order of codes. */
export const COUNTRIES: ReadonlyMap<string, Country> = new Map(
  Object.entries(BY_CONTINENT)
    .flatMap(([continent, list]) => split(list).map(([code, name]) => ({ code, name, continent })))
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((country) => [country.code, country]),
);

/**
 * States of the USA and its capital's district, by code: the only subdivisions that Route 53 knows. Territories are
 * countries of their own in ISO 3166-1 and in databases: a set for Puerto Rico is one for the country PR.
 */
export const US_STATES: ReadonlyMap<string, string> = new Map(
  split(`AK Alaska; AL Alabama; AR Arkansas; AZ Arizona; CA California; CO Colorado; CT Connecticut;
    DC District of Columbia; DE Delaware; FL Florida; GA Georgia; HI Hawaii; IA Iowa; ID Idaho; IL Illinois;
    IN Indiana; KS Kansas; KY Kentucky; LA Louisiana; MA Massachusetts; MD Maryland; ME Maine; MI Michigan;
    MN Minnesota; MO Missouri; MS Mississippi; MT Montana; NC North Carolina; ND North Dakota; NE Nebraska;
    NH New Hampshire; NJ New Jersey; NM New Mexico; NV Nevada; NY New York; OH Ohio; OK Oklahoma; OR Oregon;
    PA Pennsylvania; RI Rhode Island; SC South Carolina; SD South Dakota; TN Tennessee; TX Texas; UT Utah;
    VA Virginia; VT Vermont; WA Washington; WI Wisconsin; WV West Virginia; WY Wyoming`),
);

/** `CODE name; CODE name` */
function split(list: string): [code: string, name: string][] {
  return list.split(/;\s+/).map((entry) => [entry.slice(0, 2), entry.slice(3)]);
}

export function isContinent(code: string): boolean {
  return CONTINENTS.has(code);
}

export function isCountry(code: string): boolean {
  return COUNTRIES.has(code);
}

/** Only the USA has any that Route 53 knows. */
export function isSubdivision(country: string, code: string): boolean {
  return country === 'US' && US_STATES.has(code);
}

/** The continent of a country as AWS sees it; undefined for what is no country. */
export function continentOf(country: string): string | undefined {
  return COUNTRIES.get(country)?.continent;
}
