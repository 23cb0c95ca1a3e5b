package sigma

import "time"

// datePart returns a part of a date that is written as 2026-11-22, or with a T
// or a blank and the time behind it. It is taken as it is written: no time
// zone is reckoned with. Nothing is allocated, whatever the value.
func datePart(s, part string) (float64, bool) {
	year, month, day := digits(s, 0, 4), digits(s, 5, 7), digits(s, 8, 10)
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 31 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	switch part {
	case "year":
		return float64(year), true
	case "month":
		return float64(month), true
	case "day":
		return float64(day), true
	case "week": // of ISO 8601
		_, week := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).ISOWeek()
		return float64(week), true
	}
	hour, minute := digits(s, 11, 13), digits(s, 14, 16)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || s[10] != 'T' && s[10] != 't' && s[10] != ' ' || s[13] != ':' {
		return 0, false
	}
	if part == "hour" {
		return float64(hour), true
	}
	return float64(minute), true
}

// digits reads the digits from one place to another, or returns -1.
func digits(s string, from, to int) int {
	if len(s) < to {
		return -1
	}
	n := 0
	for _, c := range []byte(s[from:to]) {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
