package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span in a config file: a number of seconds, fractions allowed, as the files of 2012 have it
// (`max_staging_duration: 120`), or with units as Go writes it (`2m30s`). It is never negative.
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns d with units, without those that are 0: 2m30s, 2m.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// UnmarshalText reads a number of seconds or a duration with units.
func (d *Duration) UnmarshalText(text []byte) error {
	span, err := time.ParseDuration(string(text))
	if seconds, numErr := strconv.ParseFloat(string(text), 64); numErr == nil {
		span, err = time.Duration(seconds*float64(time.Second)), nil
		if math.IsNaN(seconds) || math.Abs(seconds) >= math.MaxInt64/float64(time.Second) {
			err = strconv.ErrRange
		}
	}
	if err != nil || span < 0 {
		return fmt.Errorf("want a time span such as 30 (seconds), 0.5 or 2m30s, not %q", text)
	}
	*d = Duration(span)
	return nil
}

// MarshalText returns d with units.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
