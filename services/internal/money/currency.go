package money

import (
	"fmt"
	"strings"
)

// The active currencies of ISO 4217 by the decimal places of their minor unit, without precious metals and test codes.
// We have our own table because the one in golang.org/x/text lacks currencies of the last ten years, has abolished
// ones, and rounds some, such as RSD, to whole units, as prices are shown but not as they are paid.
const (
	twoDecimals = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD " +
		"CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD " +
		"HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU " +
		"MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK " +
		"SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG " +
		"YER ZAR ZMW ZWG"
	noDecimals    = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	threeDecimals = "BHD IQD JOD KWD LYD OMR TND"
	fourDecimals  = "CLF UYW"
)

// ParseCurrency returns the ISO 4217 code in upper case. The error says what would be right.
func ParseCurrency(code string) (string, error) {
	upper := strings.ToUpper(code)
	if len(code) != 3 || minorUnitNanos(upper) == 0 {
		return "", fmt.Errorf("%.20q is not an ISO 4217 currency code such as USD", code)
	}
	return upper, nil
}

// Decimals returns the number of decimal places of the currency's smallest unit: 2 for USD, 0 for JPY.
func (m Money) Decimals() int {
	decimals := 0
	for unit := minorUnitNanos(m.Currency); unit > 0 && unit < nanosPerUnit; unit *= 10 {
		decimals++
	}
	return decimals
}

// IsFine reports whether the amount is finer than its currency's smallest unit, as 1000.50 JPY is.
func (m Money) IsFine() bool {
	unit := minorUnitNanos(m.Currency)
	return unit > 0 && int64(m.Nanos)%unit != 0
}

// minorUnitNanos returns the currency's smallest unit in billionths: 10,000,000 for USD; 0 if code is not a currency.
// code is in upper case.
func minorUnitNanos(code string) int64 {
	switch {
	case len(code) != 3 || strings.Contains(code, " "):
		return 0
	case strings.Contains(twoDecimals, code):
		return nanosPerUnit / 100
	case strings.Contains(noDecimals, code):
		return nanosPerUnit
	case strings.Contains(threeDecimals, code):
		return nanosPerUnit / 1000
	case strings.Contains(fourDecimals, code):
		return nanosPerUnit / 10_000
	}
	return 0
}
