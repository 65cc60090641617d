/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows, from ISO 3166-1 as Debian's iso-codes has it (tests/unit/test_country.c holds them against it); names are
 * its common name where there is one, else its name, but for the few that databases print otherwise ("Russia"). The
 * continents are those of GeoNames, which geo databases follow. Members of the European Union are its 27 states, not
 * territories that belong to one.
 *
 * One list makes three things: the rows, their numbers, and the table from two letters to a number, so that none of
 * them can disagree with another.
 */
#include "geo/country_table.h"

/* clang-format off */
/* _(letter, letter, ISO 3166-1 alpha-3, continent, in the European Union, status, name), sorted by code. */
#define COUNTRIES(_) \
	_(A, D, AND, EU, 0, OFFICIAL, "Andorra") \
	_(A, E, ARE, AS, 0, OFFICIAL, "United Arab Emirates") \
	_(A, F, AFG, AS, 0, OFFICIAL, "Afghanistan") \
	_(A, G, ATG, NA, 0, OFFICIAL, "Antigua and Barbuda") \
	_(A, I, AIA, NA, 0, OFFICIAL, "Anguilla") \
	_(A, L, ALB, EU, 0, OFFICIAL, "Albania") \
	_(A, M, ARM, AS, 0, OFFICIAL, "Armenia") \
	_(A, N, ANT, NA, 0, WITHDRAWN, "Netherlands Antilles") \
	_(A, O, AGO, AF, 0, OFFICIAL, "Angola") \
	_(A, Q, ATA, AN, 0, OFFICIAL, "Antarctica") \
	_(A, R, ARG, SA, 0, OFFICIAL, "Argentina") \
	_(A, S, ASM, OC, 0, OFFICIAL, "American Samoa") \
	_(A, T, AUT, EU, 1, OFFICIAL, "Austria") \
	_(A, U, AUS, OC, 0, OFFICIAL, "Australia") \
	_(A, W, ABW, NA, 0, OFFICIAL, "Aruba") \
	_(A, X, ALA, EU, 0, OFFICIAL, "Åland Islands") \
	_(A, Z, AZE, AS, 0, OFFICIAL, "Azerbaijan") \
	_(B, A, BIH, EU, 0, OFFICIAL, "Bosnia and Herzegovina") \
	_(B, B, BRB, NA, 0, OFFICIAL, "Barbados") \
	_(B, D, BGD, AS, 0, OFFICIAL, "Bangladesh") \
	_(B, E, BEL, EU, 1, OFFICIAL, "Belgium") \
	_(B, F, BFA, AF, 0, OFFICIAL, "Burkina Faso") \
	_(B, G, BGR, EU, 1, OFFICIAL, "Bulgaria") \
	_(B, H, BHR, AS, 0, OFFICIAL, "Bahrain") \
	_(B, I, BDI, AF, 0, OFFICIAL, "Burundi") \
	_(B, J, BEN, AF, 0, OFFICIAL, "Benin") \
	_(B, L, BLM, NA, 0, OFFICIAL, "Saint Barthélemy") \
	_(B, M, BMU, NA, 0, OFFICIAL, "Bermuda") \
	_(B, N, BRN, AS, 0, OFFICIAL, "Brunei") \
	_(B, O, BOL, SA, 0, OFFICIAL, "Bolivia") \
	_(B, Q, BES, NA, 0, OFFICIAL, "Bonaire, Sint Eustatius and Saba") \
	_(B, R, BRA, SA, 0, OFFICIAL, "Brazil") \
	_(B, S, BHS, NA, 0, OFFICIAL, "Bahamas") \
	_(B, T, BTN, AS, 0, OFFICIAL, "Bhutan") \
	_(B, V, BVT, AN, 0, OFFICIAL, "Bouvet Island") \
	_(B, W, BWA, AF, 0, OFFICIAL, "Botswana") \
	_(B, Y, BLR, EU, 0, OFFICIAL, "Belarus") \
	_(B, Z, BLZ, NA, 0, OFFICIAL, "Belize") \
	_(C, A, CAN, NA, 0, OFFICIAL, "Canada") \
	_(C, C, CCK, AS, 0, OFFICIAL, "Cocos (Keeling) Islands") \
	_(C, D, COD, AF, 0, OFFICIAL, "DR Congo") \
	_(C, F, CAF, AF, 0, OFFICIAL, "Central African Republic") \
	_(C, G, COG, AF, 0, OFFICIAL, "Congo Republic") \
	_(C, H, CHE, EU, 0, OFFICIAL, "Switzerland") \
	_(C, I, CIV, AF, 0, OFFICIAL, "Côte d'Ivoire") \
	_(C, K, COK, OC, 0, OFFICIAL, "Cook Islands") \
	_(C, L, CHL, SA, 0, OFFICIAL, "Chile") \
	_(C, M, CMR, AF, 0, OFFICIAL, "Cameroon") \
	_(C, N, CHN, AS, 0, OFFICIAL, "China") \
	_(C, O, COL, SA, 0, OFFICIAL, "Colombia") \
	_(C, R, CRI, NA, 0, OFFICIAL, "Costa Rica") \
	_(C, U, CUB, NA, 0, OFFICIAL, "Cuba") \
	_(C, V, CPV, AF, 0, OFFICIAL, "Cabo Verde") \
	_(C, W, CUW, NA, 0, OFFICIAL, "Curaçao") \
	_(C, X, CXR, OC, 0, OFFICIAL, "Christmas Island") \
	_(C, Y, CYP, EU, 1, OFFICIAL, "Cyprus") \
	_(C, Z, CZE, EU, 1, OFFICIAL, "Czechia") \
	_(D, E, DEU, EU, 1, OFFICIAL, "Germany") \
	_(D, J, DJI, AF, 0, OFFICIAL, "Djibouti") \
	_(D, K, DNK, EU, 1, OFFICIAL, "Denmark") \
	_(D, M, DMA, NA, 0, OFFICIAL, "Dominica") \
	_(D, O, DOM, NA, 0, OFFICIAL, "Dominican Republic") \
	_(D, Z, DZA, AF, 0, OFFICIAL, "Algeria") \
	_(E, C, ECU, SA, 0, OFFICIAL, "Ecuador") \
	_(E, E, EST, EU, 1, OFFICIAL, "Estonia") \
	_(E, G, EGY, AF, 0, OFFICIAL, "Egypt") \
	_(E, H, ESH, AF, 0, OFFICIAL, "Western Sahara") \
	_(E, R, ERI, AF, 0, OFFICIAL, "Eritrea") \
	_(E, S, ESP, EU, 1, OFFICIAL, "Spain") \
	_(E, T, ETH, AF, 0, OFFICIAL, "Ethiopia") \
	_(F, I, FIN, EU, 1, OFFICIAL, "Finland") \
	_(F, J, FJI, OC, 0, OFFICIAL, "Fiji") \
	_(F, K, FLK, SA, 0, OFFICIAL, "Falkland Islands") \
	_(F, M, FSM, OC, 0, OFFICIAL, "Micronesia") \
	_(F, O, FRO, EU, 0, OFFICIAL, "Faroe Islands") \
	_(F, R, FRA, EU, 1, OFFICIAL, "France") \
	_(G, A, GAB, AF, 0, OFFICIAL, "Gabon") \
	_(G, B, GBR, EU, 0, OFFICIAL, "United Kingdom") \
	_(G, D, GRD, NA, 0, OFFICIAL, "Grenada") \
	_(G, E, GEO, AS, 0, OFFICIAL, "Georgia") \
	_(G, F, GUF, SA, 0, OFFICIAL, "French Guiana") \
	_(G, G, GGY, EU, 0, OFFICIAL, "Guernsey") \
	_(G, H, GHA, AF, 0, OFFICIAL, "Ghana") \
	_(G, I, GIB, EU, 0, OFFICIAL, "Gibraltar") \
	_(G, L, GRL, NA, 0, OFFICIAL, "Greenland") \
	_(G, M, GMB, AF, 0, OFFICIAL, "Gambia") \
	_(G, N, GIN, AF, 0, OFFICIAL, "Guinea") \
	_(G, P, GLP, NA, 0, OFFICIAL, "Guadeloupe") \
	_(G, Q, GNQ, AF, 0, OFFICIAL, "Equatorial Guinea") \
	_(G, R, GRC, EU, 1, OFFICIAL, "Greece") \
	_(G, S, SGS, AN, 0, OFFICIAL, "South Georgia and the South Sandwich Islands") \
	_(G, T, GTM, NA, 0, OFFICIAL, "Guatemala") \
	_(G, U, GUM, OC, 0, OFFICIAL, "Guam") \
	_(G, W, GNB, AF, 0, OFFICIAL, "Guinea-Bissau") \
	_(G, Y, GUY, SA, 0, OFFICIAL, "Guyana") \
	_(H, K, HKG, AS, 0, OFFICIAL, "Hong Kong") \
	_(H, M, HMD, AN, 0, OFFICIAL, "Heard Island and McDonald Islands") \
	_(H, N, HND, NA, 0, OFFICIAL, "Honduras") \
	_(H, R, HRV, EU, 1, OFFICIAL, "Croatia") \
	_(H, T, HTI, NA, 0, OFFICIAL, "Haiti") \
	_(H, U, HUN, EU, 1, OFFICIAL, "Hungary") \
	_(I, D, IDN, AS, 0, OFFICIAL, "Indonesia") \
	_(I, E, IRL, EU, 1, OFFICIAL, "Ireland") \
	_(I, L, ISR, AS, 0, OFFICIAL, "Israel") \
	_(I, M, IMN, EU, 0, OFFICIAL, "Isle of Man") \
	_(I, N, IND, AS, 0, OFFICIAL, "India") \
	_(I, O, IOT, AS, 0, OFFICIAL, "British Indian Ocean Territory") \
	_(I, Q, IRQ, AS, 0, OFFICIAL, "Iraq") \
	_(I, R, IRN, AS, 0, OFFICIAL, "Iran") \
	_(I, S, ISL, EU, 0, OFFICIAL, "Iceland") \
	_(I, T, ITA, EU, 1, OFFICIAL, "Italy") \
	_(J, E, JEY, EU, 0, OFFICIAL, "Jersey") \
	_(J, M, JAM, NA, 0, OFFICIAL, "Jamaica") \
	_(J, O, JOR, AS, 0, OFFICIAL, "Jordan") \
	_(J, P, JPN, AS, 0, OFFICIAL, "Japan") \
	_(K, E, KEN, AF, 0, OFFICIAL, "Kenya") \
	_(K, G, KGZ, AS, 0, OFFICIAL, "Kyrgyzstan") \
	_(K, H, KHM, AS, 0, OFFICIAL, "Cambodia") \
	_(K, I, KIR, OC, 0, OFFICIAL, "Kiribati") \
	_(K, M, COM, AF, 0, OFFICIAL, "Comoros") \
	_(K, N, KNA, NA, 0, OFFICIAL, "Saint Kitts and Nevis") \
	_(K, P, PRK, AS, 0, OFFICIAL, "North Korea") \
	_(K, R, KOR, AS, 0, OFFICIAL, "South Korea") \
	_(K, W, KWT, AS, 0, OFFICIAL, "Kuwait") \
	_(K, Y, CYM, NA, 0, OFFICIAL, "Cayman Islands") \
	_(K, Z, KAZ, AS, 0, OFFICIAL, "Kazakhstan") \
	_(L, A, LAO, AS, 0, OFFICIAL, "Laos") \
	_(L, B, LBN, AS, 0, OFFICIAL, "Lebanon") \
	_(L, C, LCA, NA, 0, OFFICIAL, "Saint Lucia") \
	_(L, I, LIE, EU, 0, OFFICIAL, "Liechtenstein") \
	_(L, K, LKA, AS, 0, OFFICIAL, "Sri Lanka") \
	_(L, R, LBR, AF, 0, OFFICIAL, "Liberia") \
	_(L, S, LSO, AF, 0, OFFICIAL, "Lesotho") \
	_(L, T, LTU, EU, 1, OFFICIAL, "Lithuania") \
	_(L, U, LUX, EU, 1, OFFICIAL, "Luxembourg") \
	_(L, V, LVA, EU, 1, OFFICIAL, "Latvia") \
	_(L, Y, LBY, AF, 0, OFFICIAL, "Libya") \
	_(M, A, MAR, AF, 0, OFFICIAL, "Morocco") \
	_(M, C, MCO, EU, 0, OFFICIAL, "Monaco") \
	_(M, D, MDA, EU, 0, OFFICIAL, "Moldova") \
	_(M, E, MNE, EU, 0, OFFICIAL, "Montenegro") \
	_(M, F, MAF, NA, 0, OFFICIAL, "Saint Martin") \
	_(M, G, MDG, AF, 0, OFFICIAL, "Madagascar") \
	_(M, H, MHL, OC, 0, OFFICIAL, "Marshall Islands") \
	_(M, K, MKD, EU, 0, OFFICIAL, "North Macedonia") \
	_(M, L, MLI, AF, 0, OFFICIAL, "Mali") \
	_(M, M, MMR, AS, 0, OFFICIAL, "Myanmar") \
	_(M, N, MNG, AS, 0, OFFICIAL, "Mongolia") \
	_(M, O, MAC, AS, 0, OFFICIAL, "Macao") \
	_(M, P, MNP, OC, 0, OFFICIAL, "Northern Mariana Islands") \
	_(M, Q, MTQ, NA, 0, OFFICIAL, "Martinique") \
	_(M, R, MRT, AF, 0, OFFICIAL, "Mauritania") \
	_(M, S, MSR, NA, 0, OFFICIAL, "Montserrat") \
	_(M, T, MLT, EU, 1, OFFICIAL, "Malta") \
	_(M, U, MUS, AF, 0, OFFICIAL, "Mauritius") \
	_(M, V, MDV, AS, 0, OFFICIAL, "Maldives") \
	_(M, W, MWI, AF, 0, OFFICIAL, "Malawi") \
	_(M, X, MEX, NA, 0, OFFICIAL, "Mexico") \
	_(M, Y, MYS, AS, 0, OFFICIAL, "Malaysia") \
	_(M, Z, MOZ, AF, 0, OFFICIAL, "Mozambique") \
	_(N, A, NAM, AF, 0, OFFICIAL, "Namibia") \
	_(N, C, NCL, OC, 0, OFFICIAL, "New Caledonia") \
	_(N, E, NER, AF, 0, OFFICIAL, "Niger") \
	_(N, F, NFK, OC, 0, OFFICIAL, "Norfolk Island") \
	_(N, G, NGA, AF, 0, OFFICIAL, "Nigeria") \
	_(N, I, NIC, NA, 0, OFFICIAL, "Nicaragua") \
	_(N, L, NLD, EU, 1, OFFICIAL, "Netherlands") \
	_(N, O, NOR, EU, 0, OFFICIAL, "Norway") \
	_(N, P, NPL, AS, 0, OFFICIAL, "Nepal") \
	_(N, R, NRU, OC, 0, OFFICIAL, "Nauru") \
	_(N, U, NIU, OC, 0, OFFICIAL, "Niue") \
	_(N, Z, NZL, OC, 0, OFFICIAL, "New Zealand") \
	_(O, M, OMN, AS, 0, OFFICIAL, "Oman") \
	_(P, A, PAN, NA, 0, OFFICIAL, "Panama") \
	_(P, E, PER, SA, 0, OFFICIAL, "Peru") \
	_(P, F, PYF, OC, 0, OFFICIAL, "French Polynesia") \
	_(P, G, PNG, OC, 0, OFFICIAL, "Papua New Guinea") \
	_(P, H, PHL, AS, 0, OFFICIAL, "Philippines") \
	_(P, K, PAK, AS, 0, OFFICIAL, "Pakistan") \
	_(P, L, POL, EU, 1, OFFICIAL, "Poland") \
	_(P, M, SPM, NA, 0, OFFICIAL, "Saint Pierre and Miquelon") \
	_(P, N, PCN, OC, 0, OFFICIAL, "Pitcairn") \
	_(P, R, PRI, NA, 0, OFFICIAL, "Puerto Rico") \
	_(P, S, PSE, AS, 0, OFFICIAL, "Palestine") \
	_(P, T, PRT, EU, 1, OFFICIAL, "Portugal") \
	_(P, W, PLW, OC, 0, OFFICIAL, "Palau") \
	_(P, Y, PRY, SA, 0, OFFICIAL, "Paraguay") \
	_(Q, A, QAT, AS, 0, OFFICIAL, "Qatar") \
	_(R, E, REU, AF, 0, OFFICIAL, "Réunion") \
	_(R, O, ROU, EU, 1, OFFICIAL, "Romania") \
	_(R, S, SRB, EU, 0, OFFICIAL, "Serbia") \
	_(R, U, RUS, EU, 0, OFFICIAL, "Russia") \
	_(R, W, RWA, AF, 0, OFFICIAL, "Rwanda") \
	_(S, A, SAU, AS, 0, OFFICIAL, "Saudi Arabia") \
	_(S, B, SLB, OC, 0, OFFICIAL, "Solomon Islands") \
	_(S, C, SYC, AF, 0, OFFICIAL, "Seychelles") \
	_(S, D, SDN, AF, 0, OFFICIAL, "Sudan") \
	_(S, E, SWE, EU, 1, OFFICIAL, "Sweden") \
	_(S, G, SGP, AS, 0, OFFICIAL, "Singapore") \
	_(S, H, SHN, AF, 0, OFFICIAL, "Saint Helena") \
	_(S, I, SVN, EU, 1, OFFICIAL, "Slovenia") \
	_(S, J, SJM, EU, 0, OFFICIAL, "Svalbard and Jan Mayen") \
	_(S, K, SVK, EU, 1, OFFICIAL, "Slovakia") \
	_(S, L, SLE, AF, 0, OFFICIAL, "Sierra Leone") \
	_(S, M, SMR, EU, 0, OFFICIAL, "San Marino") \
	_(S, N, SEN, AF, 0, OFFICIAL, "Senegal") \
	_(S, O, SOM, AF, 0, OFFICIAL, "Somalia") \
	_(S, R, SUR, SA, 0, OFFICIAL, "Suriname") \
	_(S, S, SSD, AF, 0, OFFICIAL, "South Sudan") \
	_(S, T, STP, AF, 0, OFFICIAL, "Sao Tome and Principe") \
	_(S, V, SLV, NA, 0, OFFICIAL, "El Salvador") \
	_(S, X, SXM, NA, 0, OFFICIAL, "Sint Maarten") \
	_(S, Y, SYR, AS, 0, OFFICIAL, "Syria") \
	_(S, Z, SWZ, AF, 0, OFFICIAL, "Eswatini") \
	_(T, C, TCA, NA, 0, OFFICIAL, "Turks and Caicos Islands") \
	_(T, D, TCD, AF, 0, OFFICIAL, "Chad") \
	_(T, F, ATF, AN, 0, OFFICIAL, "French Southern Territories") \
	_(T, G, TGO, AF, 0, OFFICIAL, "Togo") \
	_(T, H, THA, AS, 0, OFFICIAL, "Thailand") \
	_(T, J, TJK, AS, 0, OFFICIAL, "Tajikistan") \
	_(T, K, TKL, OC, 0, OFFICIAL, "Tokelau") \
	_(T, L, TLS, OC, 0, OFFICIAL, "Timor-Leste") \
	_(T, M, TKM, AS, 0, OFFICIAL, "Turkmenistan") \
	_(T, N, TUN, AF, 0, OFFICIAL, "Tunisia") \
	_(T, O, TON, OC, 0, OFFICIAL, "Tonga") \
	_(T, R, TUR, AS, 0, OFFICIAL, "Türkiye") \
	_(T, T, TTO, NA, 0, OFFICIAL, "Trinidad and Tobago") \
	_(T, V, TUV, OC, 0, OFFICIAL, "Tuvalu") \
	_(T, W, TWN, AS, 0, OFFICIAL, "Taiwan") \
	_(T, Z, TZA, AF, 0, OFFICIAL, "Tanzania") \
	_(U, A, UKR, EU, 0, OFFICIAL, "Ukraine") \
	_(U, G, UGA, AF, 0, OFFICIAL, "Uganda") \
	_(U, M, UMI, OC, 0, OFFICIAL, "U.S. Outlying Islands") \
	_(U, S, USA, NA, 0, OFFICIAL, "United States") \
	_(U, Y, URY, SA, 0, OFFICIAL, "Uruguay") \
	_(U, Z, UZB, AS, 0, OFFICIAL, "Uzbekistan") \
	_(V, A, VAT, EU, 0, OFFICIAL, "Vatican City") \
	_(V, C, VCT, NA, 0, OFFICIAL, "Saint Vincent and the Grenadines") \
	_(V, E, VEN, SA, 0, OFFICIAL, "Venezuela") \
	_(V, G, VGB, NA, 0, OFFICIAL, "British Virgin Islands") \
	_(V, I, VIR, NA, 0, OFFICIAL, "U.S. Virgin Islands") \
	_(V, N, VNM, AS, 0, OFFICIAL, "Vietnam") \
	_(V, U, VUT, OC, 0, OFFICIAL, "Vanuatu") \
	_(W, F, WLF, OC, 0, OFFICIAL, "Wallis and Futuna") \
	_(W, S, WSM, OC, 0, OFFICIAL, "Samoa") \
	_(X, K, XKX, EU, 0, USER_ASSIGNED, "Kosovo") \
	_(Y, E, YEM, AS, 0, OFFICIAL, "Yemen") \
	_(Y, T, MYT, AF, 0, OFFICIAL, "Mayotte") \
	_(Z, A, ZAF, AF, 0, OFFICIAL, "South Africa") \
	_(Z, M, ZMB, AF, 0, OFFICIAL, "Zambia") \
	_(Z, W, ZWE, AF, 0, OFFICIAL, "Zimbabwe")

/* Names that are or were in use, older ones too. Case, accents, punctuation, "the" in front,
 * "&" and "St" do not count. */
const struct country_alias country_aliases[] = {
	{ "AE", "UAE" },
	{ "AS", "Samoa (American)" },
	{ "AX", "Aland" },
	{ "BA", "Bosnia" },
	{ "BN", "Brunei Darussalam" },
	{ "BO", "Bolivia, Plurinational State of" },
	{ "BO", "Plurinational State of Bolivia" },
	{ "BQ", "Caribbean Netherlands" },
	{ "BQ", "Bonaire, Saint Eustatius and Saba" },
	{ "BQ", "Caribbean NL" },
	{ "BY", "Byelorussia" },
	{ "CC", "Cocos Islands" },
	{ "CC", "Keeling Islands" },
	{ "CD", "Congo, The Democratic Republic of the" },
	{ "CD", "Democratic Republic of the Congo" },
	{ "CD", "Congo-Kinshasa" },
	{ "CD", "Congo, DR" },
	{ "CD", "Zaire" },
	{ "CD", "Congo (Dem. Rep.)" },
	{ "CF", "Central African Rep." },
	{ "CG", "Congo" },
	{ "CG", "Republic of the Congo" },
	{ "CG", "Congo-Brazzaville" },
	{ "CG", "Congo (Rep.)" },
	{ "CI", "Ivory Coast" },
	{ "CN", "People's Republic of China" },
	{ "CV", "Cape Verde" },
	{ "CZ", "Czech Republic" },
	{ "DE", "Federal Republic of Germany" },
	{ "FK", "Falkland Islands (Malvinas)" },
	{ "FK", "Malvinas" },
	{ "FM", "Micronesia, Federated States of" },
	{ "FM", "Federated States of Micronesia" },
	{ "FO", "Faeroe Islands" },
	{ "GB", "UK" },
	{ "GB", "Great Britain" },
	{ "GB", "Britain" },
	{ "GB", "United Kingdom of Great Britain and Northern Ireland" },
	{ "GB", "Britain (UK)" },
	{ "GM", "Republic of the Gambia" },
	{ "GS", "South Georgia & South Sandwich Islands" },
	{ "GS", "South Georgia & the South Sandwich Islands" },
	{ "HK", "Hong Kong SAR China" },
	{ "HM", "Heard and McDonald Islands" },
	{ "IE", "Republic of Ireland" },
	{ "IR", "Iran, Islamic Republic of" },
	{ "IR", "Islamic Republic of Iran" },
	{ "JO", "Hashemite Kingdom of Jordan" },
	{ "KN", "Saint Kitts" },
	{ "KP", "Korea, Democratic People's Republic of" },
	{ "KP", "Democratic People's Republic of Korea" },
	{ "KP", "DPRK" },
	{ "KP", "Korea (North)" },
	{ "KR", "Korea, Republic of" },
	{ "KR", "Republic of Korea" },
	{ "KR", "Korea (South)" },
	{ "LA", "Lao People's Democratic Republic" },
	{ "LY", "Libyan Arab Jamahiriya" },
	{ "MD", "Moldova, Republic of" },
	{ "MD", "Republic of Moldova" },
	{ "MF", "Saint Martin (French part)" },
	{ "MF", "St Martin (French)" },
	{ "MK", "Macedonia" },
	{ "MK", "FYROM" },
	{ "MK", "Republic of North Macedonia" },
	{ "MM", "Burma" },
	{ "MM", "Myanmar (Burma)" },
	{ "MO", "Macau" },
	{ "MO", "Macao SAR China" },
	{ "NL", "Holland" },
	{ "PF", "Tahiti" },
	{ "PN", "Pitcairn Islands" },
	{ "PS", "Palestine, State of" },
	{ "PS", "State of Palestine" },
	{ "PS", "Palestinian Territory" },
	{ "PS", "Palestinian Territories" },
	{ "RU", "Russian Federation" },
	{ "SH", "Saint Helena, Ascension and Tristan da Cunha" },
	{ "SK", "Slovak Republic" },
	{ "SX", "Sint Maarten (Dutch part)" },
	{ "SX", "St Maarten (Dutch)" },
	{ "SX", "Saint Maarten" },
	{ "SY", "Syrian Arab Republic" },
	{ "SZ", "Swaziland" },
	{ "SZ", "Eswatini (Swaziland)" },
	{ "TC", "Turks & Caicos Is" },
	{ "TF", "French S. Terr." },
	{ "TL", "East Timor" },
	{ "TR", "Turkey" },
	{ "TW", "Taiwan, Province of China" },
	{ "TZ", "Tanzania, United Republic of" },
	{ "TZ", "United Republic of Tanzania" },
	{ "UM", "United States Minor Outlying Islands" },
	{ "UM", "US minor outlying islands" },
	{ "US", "United States of America" },
	{ "US", "US of America" },
	{ "VA", "Holy See (Vatican City State)" },
	{ "VA", "Holy See" },
	{ "VA", "Vatican" },
	{ "VC", "St Vincent" },
	{ "VC", "St Vincent and Grenadines" },
	{ "VE", "Venezuela, Bolivarian Republic of" },
	{ "VE", "Bolivarian Republic of Venezuela" },
	{ "VG", "Virgin Islands, British" },
	{ "VG", "Virgin Islands (UK)" },
	{ "VG", "UK Virgin Islands" },
	{ "VI", "Virgin Islands, U.S." },
	{ "VI", "US Virgin Islands" },
	{ "VN", "Viet Nam" },
	{ "WS", "Western Samoa" },
	{ "WS", "Samoa (western)" },
	{ "XK", "Republic of Kosovo" },
	{ NULL, NULL },
};
/* clang-format on */

#define ROW(a, b, three, where, member, state, english)                                                                \
	{ .code = #a #b,                                                                                               \
	  .alpha3 = #three,                                                                                            \
	  .continent = #where,                                                                                         \
	  .in_eu = member,                                                                                             \
	  .status = COUNTRY_##state,                                                                                   \
	  .name = english },
const struct country country_rows[] = { COUNTRIES(ROW) };

#define NUMBER(a, b, ...) NUMBER_##a##b,
enum { COUNTRIES(NUMBER) COUNTRIES_COUNT };
const size_t country_count = COUNTRIES_COUNT;

enum { A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z };
#define CELL(a, b, ...) [a][b] = NUMBER_##a##b + 1,
const uint8_t country_cells[26][26] = { COUNTRIES(CELL) };
