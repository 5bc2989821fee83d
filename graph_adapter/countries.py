"""Countries by ISO 3166 alpha-2 code: the English name first, then the names people type in other languages.

Generated from CLDR's region names (en, fr, de, es, it, pt, nl), each spelling once; a line that would grow too long
leaves out its last languages.
"""

from __future__ import annotations

NAMES = """\
AD|Andorra|Andorre
AE|United Arab Emirates|Émirats arabes unis|Vereinigte Arabische Emirate|Emiratos Árabes Unidos|Emirati Arabi Uniti
AF|Afghanistan|Afganistán|Afeganistão
AG|Antigua & Barbuda|Antigua-et-Barbuda|Antigua und Barbuda|Antigua y Barbuda|Antigua e Barbuda|Antigua en Barbuda
AI|Anguilla|Anguila
AL|Albania|Albanie|Albanien
AM|Armenia|Arménie|Armenien
AO|Angola
AQ|Antarctica|Antarctique|Antarktis|Antártida|Antartide
AR|Argentina|Argentine|Argentinien|Argentinië
AS|American Samoa|Samoa américaines|Amerikanisch-Samoa|Samoa Americana|Samoa Americane|Amerikaans-Samoa
AT|Austria|Autriche|Österreich|Oostenrijk
AU|Australia|Australie|Australien
AW|Aruba
AX|Åland Islands|Îles Åland|Ålandinseln|Islas Aland|Isole Åland|Ilhas Aland|Åland
AZ|Azerbaijan|Azerbaïdjan|Aserbaidschan|Azerbaiyán|Azerbaigian|Azerbaijão|Azerbeidzjan
BA|Bosnia & Herzegovina|Bosnie-Herzégovine|Bosnien und Herzegowina|Bosnia y Herzegovina|Bosnia ed Erzegovina
BB|Barbados|Barbade
BD|Bangladesh|Bangladesch|Bangladés
BE|Belgium|Belgique|Belgien|Bélgica|Belgio|België
BF|Burkina Faso|Burquina Faso
BG|Bulgaria|Bulgarie|Bulgarien|Bulgarije
BH|Bahrain|Bahreïn|Baréin
BI|Burundi
BJ|Benin
BL|St. Barthélemy|Saint-Barthélemy|San Bartolomé|São Bartolomeu
BM|Bermuda|Bermudes|Bermudas
BN|Brunei|Brunei Darussalam
BO|Bolivia|Bolivie|Bolivien
BQ|Caribbean Netherlands|Pays-Bas caribéens|Karibische Niederlande|Caribe neerlandés|Caraibi Olandesi
BR|Brazil|Brésil|Brasilien|Brasil|Brasile|Brazilië
BS|Bahamas|Bahama's
BT|Bhutan|Bhoutan|Bután|Butão
BV|Bouvet Island|Île Bouvet|Bouvetinsel|Isla Bouvet|Isola Bouvet|Ilha Bouvet|Bouveteiland
BW|Botswana|Botsuana
BY|Belarus|Biélorussie|Bielorrusia|Bielorussia|Bielorrússia
BZ|Belize|Belice
CA|Canada|Kanada
CC|Cocos (Keeling) Islands|Îles Cocos|Kokosinseln|Islas Cocos|Isole Cocos (Keeling)|Ilhas Cocos (Keeling)
CD|Congo - Kinshasa|Congo-Kinshasa|Kongo-Kinshasa|República Democrática del Congo
CF|Central African Republic|République centrafricaine|Zentralafrikanische Republik|República Centroafricana
CG|Congo - Brazzaville|Congo-Brazzaville|Kongo-Brazzaville|Congo|República do Congo
CH|Switzerland|Suisse|Schweiz|Suiza|Svizzera|Suíça|Zwitserland
CI|Côte d'Ivoire|Costa d'Avorio|Costa do Marfim|Ivoorkust
CK|Cook Islands|Îles Cook|Cookinseln|Islas Cook|Isole Cook|Ilhas Cook|Cookeilanden
CL|Chile|Chili|Cile
CM|Cameroon|Cameroun|Kamerun|Camerún|Camarões|Kameroen
CN|China|Chine|Cina
CO|Colombia|Colombie|Kolumbien
CR|Costa Rica
CU|Cuba|Kuba
CV|Cape Verde|Cap-Vert|Cabo Verde|Capo Verde|Kaapverdië
CW|Curaçao|Curazao
CX|Christmas Island|Île Christmas|Weihnachtsinsel|Isla de Navidad|Isola Christmas|Ilha Christmas|Christmaseiland
CY|Cyprus|Chypre|Zypern|Chipre|Cipro
CZ|Czechia|Tchéquie|Tschechien|Chequia|Cechia|Tchéquia|Tsjechië
DE|Germany|Allemagne|Deutschland|Alemania|Germania|Alemanha|Duitsland
DJ|Djibouti|Dschibuti|Yibuti|Gibuti|Djibuti
DK|Denmark|Danemark|Dinamarca|Danimarca|Denemarken
DM|Dominica|Dominique
DO|Dominican Republic|République dominicaine|Dominikanische Republik|República Dominicana|Repubblica Dominicana
DZ|Algeria|Algérie|Algerien|Argelia|Algerije
EC|Ecuador|Équateur|Equador
EE|Estonia|Estonie|Estland
EG|Egypt|Égypte|Ägypten|Egipto|Egitto|Egito
EH|Western Sahara|Sahara occidental|Westsahara|Sahara Occidentale|Saara Ocidental|Westelijke Sahara
ER|Eritrea|Érythrée|Eritreia
ES|Spain|Espagne|Spanien|España|Spagna|Espanha|Spanje
ET|Ethiopia|Éthiopie|Äthiopien|Etiopía
FI|Finland|Finlande|Finnland|Finlandia
FJ|Fiji|Fidji|Fidschi|Fiyi|Figi
FK|Falkland Islands|Îles Malouines|Falklandinseln|Islas Malvinas|Isole Falkland|Ilhas Malvinas|Falklandeilanden
FM|Micronesia|Micronésie|Mikronesien
FO|Faroe Islands|Îles Féroé|Färöer|Islas Feroe|Isole Fær Øer|Ilhas Faroé|Faeröer
FR|France|Frankreich|Francia|França|Frankrijk
GA|Gabon|Gabun|Gabão
GB|United Kingdom|Royaume-Uni|Vereinigtes Königreich|Reino Unido|Regno Unito|Verenigd Koninkrijk
GD|Grenada|Grenade|Granada
GE|Georgia|Géorgie|Georgien
GF|French Guiana|Guyane française|Französisch-Guayana|Guayana Francesa|Guyana Francese|Guiana Francesa|Frans-Guyana
GG|Guernsey|Guernesey
GH|Ghana|Gana
GI|Gibraltar|Gibilterra
GL|Greenland|Groenland|Grönland|Groenlandia
GM|Gambia|Gambie
GN|Guinea|Guinée|Guiné
GP|Guadeloupe|Guadalupe|Guadalupa
GQ|Equatorial Guinea|Guinée équatoriale|Äquatorialguinea|Guinea Ecuatorial|Guinea Equatoriale|Guiné Equatorial
GR|Greece|Grèce|Griechenland|Grecia|Griekenland
GS|South Georgia & South Sandwich Islands|Géorgie du Sud-et-les Îles Sandwich du Sud
GT|Guatemala
GU|Guam
GW|Guinea-Bissau|Guinée-Bissau|Guinea-Bisáu|Guiné-Bissau
GY|Guyana|Guiana
HK|Hong Kong SAR China|R.A.S. chinoise de Hong Kong|Sonderverwaltungsregion Hongkong|RAE de Hong Kong (China)
HM|Heard & McDonald Islands|Îles Heard-et-MacDonald|Heard und McDonaldinseln|Islas Heard y McDonald
HN|Honduras
HR|Croatia|Croatie|Kroatien|Croacia|Croazia|Kroatië
HT|Haiti
HU|Hungary|Hongrie|Ungarn|Hungría|Ungheria|Hongarije
ID|Indonesia|Indonésie|Indonesien
IE|Ireland|Irlande|Irland|Irlanda|Ierland
IL|Israel|Israele
IM|Isle of Man|Île de Man|Isla de Man|Isola di Man|Ilha de Man
IN|India|Inde|Indien
IO|British Indian Ocean Territory|Territoire britannique de l'océan Indien|Britisches Territorium im Indischen Ozean
IQ|Iraq|Irak|Iraque
IR|Iran|Irã
IS|Iceland|Islande|Island|Islandia|Islanda|IJsland
IT|Italy|Italie|Italien|Italia
JE|Jersey
JM|Jamaica|Jamaïque|Jamaika|Giamaica
JO|Jordan|Jordanie|Jordanien|Jordania|Giordania
JP|Japan|Japon|Giappone|Japão
KE|Kenya|Kenia|Quênia
KG|Kyrgyzstan|Kirghizstan|Kirgisistan|Kirguistán|Kirghizistan|Quirguistão|Kirgizië
KH|Cambodia|Cambodge|Kambodscha|Camboya|Cambogia|Camboja|Cambodja
KI|Kiribati|Quiribati
KM|Comoros|Comores|Komoren|Comoras|Comore|Comoren
KN|St. Kitts & Nevis|Saint-Christophe-et-Niévès|St. Kitts und Nevis|San Cristóbal y Nieves|Saint Kitts e Nevis
KP|North Korea|Corée du Nord|Nordkorea|Corea del Norte|Corea del Nord|Coreia do Norte|Noord-Korea
KR|South Korea|Corée du Sud|Südkorea|Corea del Sur|Corea del Sud|Coreia do Sul|Zuid-Korea
KW|Kuwait|Koweït|Koeweit
KY|Cayman Islands|Îles Caïmans|Kaimaninseln|Islas Caimán|Isole Cayman|Ilhas Cayman|Kaaimaneilanden
KZ|Kazakhstan|Kasachstan|Kazajistán|Kazakistan|Cazaquistão|Kazachstan
LA|Laos
LB|Lebanon|Liban|Libanon|Líbano
LC|St. Lucia|Sainte-Lucie|Santa Lucía|Saint Lucia
LI|Liechtenstein
LK|Sri Lanka
LR|Liberia
LS|Lesotho|Lesoto
LT|Lithuania|Lituanie|Litauen|Lituania|Litouwen
LU|Luxembourg|Luxemburg|Luxemburgo|Lussemburgo
LV|Latvia|Lettonie|Lettland|Letonia|Lettonia|Letland
LY|Libya|Libye|Libyen|Libia|Libië
MA|Morocco|Maroc|Marokko|Marruecos|Marocco|Marrocos
MC|Monaco
MD|Moldova|Moldavie|Republik Moldau|Moldavia
ME|Montenegro
MF|St. Martin|Saint-Martin|San Martín|Saint Martin|São Martinho
MG|Madagascar|Madagaskar
MH|Marshall Islands|Îles Marshall|Marshallinseln|Islas Marshall|Isole Marshall|Ilhas Marshall|Marshalleilanden
MK|North Macedonia|Macédoine du Nord|Nordmazedonien|Macedonia del Norte|Macedonia del Nord|Macedônia do Norte
ML|Mali
MM|Myanmar (Burma)|Myanmar (Birmanie)|Myanmar|Myanmar (Birmania)|Mianmar (Birmânia)|Myanmar (Birma)
MN|Mongolia|Mongolie|Mongolei
MO|Macao SAR China|R.A.S. chinoise de Macao|Sonderverwaltungsregion Macau|RAE de Macao (China)|RAS di Macao
MP|Northern Mariana Islands|Îles Mariannes du Nord|Nördliche Marianen|Islas Marianas del Norte|Ilhas Marianas do Norte
MQ|Martinique|Martinica
MR|Mauritania|Mauritanie|Mauretanien
MS|Montserrat
MT|Malta|Malte
MU|Mauritius|Maurice|Mauricio
MV|Maldives|Malediven|Maldivas|Maldive|Maldiven
MW|Malawi|Malaui
MX|Mexico|Mexique|Mexiko|Messico
MY|Malaysia|Malaisie|Malasia|Maleisië
MZ|Mozambique|Mosambik|Mozambico|Moçambique
NA|Namibia|Namibie
NC|New Caledonia|Nouvelle-Calédonie|Neukaledonien|Nueva Caledonia|Nuova Caledonia|Nova Caledônia|Nieuw-Caledonië
NE|Niger
NF|Norfolk Island|Île Norfolk|Norfolkinsel|Isla Norfolk|Isola Norfolk|Ilha Norfolk|Norfolk
NG|Nigeria
NI|Nicaragua
NL|Netherlands|Pays-Bas|Niederlande|Países Bajos|Paesi Bassi|Países Baixos|Nederland
NO|Norway|Norvège|Norwegen|Noruega|Norvegia|Noorwegen
NP|Nepal
NR|Nauru
NU|Niue
NZ|New Zealand|Nouvelle-Zélande|Neuseeland|Nueva Zelanda|Nuova Zelanda|Nova Zelândia|Nieuw-Zeeland
OM|Oman|Omã
PA|Panama
PE|Peru|Pérou
PF|French Polynesia|Polynésie française|Französisch-Polynesien|Polinesia Francesa|Polinesia Francese|Frans-Polynesië
PG|Papua New Guinea|Papouasie-Nouvelle-Guinée|Papua-Neuguinea|Papúa Nueva Guinea|Papua Nuova Guinea|Papua-Nova Guiné
PH|Philippines|Philippinen|Filipinas|Filippine|Filipijnen
PK|Pakistan|Paquistão
PL|Poland|Pologne|Polen|Polonia
PM|St. Pierre & Miquelon|Saint-Pierre-et-Miquelon|St. Pierre und Miquelon|San Pedro y Miquelón|Saint-Pierre e Miquelon
PN|Pitcairn Islands|Îles Pitcairn|Pitcairninseln|Islas Pitcairn|Isole Pitcairn|Ilhas Pitcairn|Pitcairneilanden
PR|Puerto Rico|Porto Rico|Portorico
PS|Palestinian Territories|Territoires palestiniens|Palästinensische Autonomiegebiete|Territorios Palestinos
PT|Portugal|Portogallo
PW|Palau|Palaos
PY|Paraguay|Paraguai
QA|Qatar|Katar|Catar
RE|Réunion|La Réunion|Riunione|Reunião
RO|Romania|Roumanie|Rumänien|Rumanía|Romênia|Roemenië
RS|Serbia|Serbie|Serbien|Sérvia|Servië
RU|Russia|Russie|Russland|Rusia|Rusland
RW|Rwanda|Ruanda
SA|Saudi Arabia|Arabie saoudite|Saudi-Arabien|Arabia Saudí|Arabia Saudita|Saoedi-Arabië
SB|Solomon Islands|Îles Salomon|Salomonen|Islas Salomón|Isole Salomone|Ilhas Salomão|Salomonseilanden
SC|Seychelles|Seychellen|Seicheles
SD|Sudan|Soudan|Sudão|Soedan
SE|Sweden|Suède|Schweden|Suecia|Svezia|Zweden
SG|Singapore|Singapour|Singapur|Singapura
SH|St. Helena|Sainte-Hélène|Santa Elena|Sant'Elena|Santa Helena|Sint-Helena
SI|Slovenia|Slovénie|Slowenien|Eslovenia
SJ|Svalbard & Jan Mayen|Svalbard et Jan Mayen|Spitzbergen und Jan Mayen|Svalbard y Jan Mayen|Svalbard e Jan Mayen
SK|Slovakia|Slovaquie|Slowakei|Eslovaquia|Slovacchia|Slowakije
SL|Sierra Leone|Sierra Leona|Serra Leoa
SM|San Marino|Saint-Marin
SN|Senegal
SO|Somalia|Somalie
SR|Suriname|Surinam
SS|South Sudan|Soudan du Sud|Südsudan|Sudán del Sur|Sud Sudan|Sudão do Sul|Zuid-Soedan
ST|São Tomé & Príncipe|Sao Tomé-et-Principe|São Tomé und Príncipe|Santo Tomé y Príncipe|São Tomé e Príncipe
SV|El Salvador|Salvador
SX|Sint Maarten|Saint-Martin (partie néerlandaise)|Sint-Maarten
SY|Syria|Syrie|Syrien|Siria
SZ|Eswatini|Esuatini|Essuatíni
TC|Turks & Caicos Islands|Îles Turques-et-Caïques|Turks- und Caicosinseln|Islas Turcas y Caicos|Isole Turks e Caicos
TD|Chad|Tchad|Tschad|Ciad|Chade|Tsjaad
TF|French Southern Territories|Terres australes françaises|Französische Süd- und Antarktisgebiete
TG|Togo
TH|Thailand|Thaïlande|Tailandia|Thailandia
TJ|Tajikistan|Tadjikistan|Tadschikistan|Tayikistán|Tagikistan|Tadjiquistão|Tadzjikistan
TK|Tokelau
TL|Timor-Leste|Timor oriental|Timor Est|Oost-Timor
TM|Turkmenistan|Turcomenistão
TN|Tunisia|Tunisie|Tunesien|Túnez|Tunesië
TO|Tonga
TR|Türkiye|Turquie|Türkei|Turquía|Turchia|Turkije
TT|Trinidad & Tobago|Trinité-et-Tobago|Trinidad und Tobago|Trinidad y Tobago|Trinidad e Tobago|Trinidad en Tobago
TV|Tuvalu
TW|Taiwan
TZ|Tanzania|Tanzanie|Tansania
UA|Ukraine|Ucrania|Ucraina|Oekraïne
UG|Uganda|Ouganda|Oeganda
UM|U.S. Outlying Islands|Îles mineures éloignées des États-Unis|Amerikanische Überseeinseln
US|United States|États-Unis|Vereinigte Staaten|Estados Unidos|Stati Uniti|Verenigde Staten
UY|Uruguay|Uruguai
UZ|Uzbekistan|Ouzbékistan|Usbekistan|Uzbequistão|Oezbekistan
VA|Vatican City|État de la Cité du Vatican|Vatikanstadt|Ciudad del Vaticano|Città del Vaticano|Cidade do Vaticano
VC|St. Vincent & Grenadines|Saint-Vincent-et-les Grenadines|St. Vincent und die Grenadinen|Saint Vincent e Grenadine
VE|Venezuela
VG|British Virgin Islands|Îles Vierges britanniques|Britische Jungferninseln|Islas Vírgenes Británicas
VI|U.S. Virgin Islands|Îles Vierges des États-Unis|Amerikanische Jungferninseln|Islas Vírgenes de EE. UU.
VN|Vietnam|Viêt Nam|Vietnã
VU|Vanuatu
WF|Wallis & Futuna|Wallis-et-Futuna|Wallis und Futuna|Wallis y Futuna|Wallis e Futuna|Wallis en Futuna
WS|Samoa
XK|Kosovo
YE|Yemen|Jemen|Iêmen
YT|Mayotte
ZA|South Africa|Afrique du Sud|Südafrika|Sudáfrica|África do Sul|Zuid-Afrika
ZM|Zambia|Zambie|Sambia
ZW|Zimbabwe|Simbabwe|Zimbabue
"""
