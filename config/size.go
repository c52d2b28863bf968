package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes in a config file: plain, or with a unit: `512MiB`, `2G`, `64KB`. All units are powers of 1024, as
// the 512 MB limit of 2012 was.
type Size int64

// Bytes returns the number of bytes.
func (s Size) Bytes() int64 { return int64(s) }

// String returns s with the largest unit that it is a whole number of: 512MiB.
func (s Size) String() string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	n, i := int64(s), 0
	for n != 0 && n%1024 == 0 && i < len(units)-1 {
		n, i = n/1024, i+1
	}
	return strconv.FormatInt(n, 10) + units[i]
}

// UnmarshalText reads a number with or without a unit.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "KMGTiBkmgtb ")
	unit := strings.ToUpper(strings.TrimSpace(string(text)[len(digits):]))
	n, err := strconv.ParseInt(digits, 10, 64)
	shift, known := unitShift(unit)
	if err != nil || !known || n < 0 || n > math.MaxInt64>>shift {
		return fmt.Errorf("want a size such as 512MiB, 2GiB or a number of bytes, not %q", text)
	}
	*s = Size(n << shift)
	return nil
}

// MarshalText returns s with a unit.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// unitShift returns how many bits a unit, in capitals, moves a number.
func unitShift(unit string) (shift uint, known bool) {
	switch strings.TrimSuffix(strings.TrimSuffix(unit, "B"), "I") {
	case "":
		return 0, unit != "IB" && unit != "I"
	case "K":
		return 10, true
	case "M":
		return 20, true
	case "G":
		return 30, true
	case "T":
		return 40, true
	}
	return 0, false
}
