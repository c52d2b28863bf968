package config

import (
	"fmt"
	"strconv"
	"strings"
)

// leastShare is what a share of the memory comes to at least, in MB: enough for a handful of the tutorial's apps, also on
// a small machine or one whose memory is not known.
const leastShare = 2048

// Memory is an amount of memory in a config file: a number of MB, as in 2012, or a share of this machine's memory (`75%`).
type Memory struct {
	mb      int
	percent int
}

// Megabytes returns a fixed amount.
func Megabytes(n int) Memory { return Memory{mb: n} }

// Percent returns a share of the machine's memory.
func Percent(n int) Memory { return Memory{percent: n} }

// MB returns the amount in MB. A share is at least 2048 MB.
func (m Memory) MB() int {
	if m.percent == 0 {
		return m.mb
	}
	return m.of(systemMB())
}

// of returns what m is of a machine's memory in MB; 0 means that nobody knows how much it has.
func (m Memory) of(total int) int {
	if m.percent == 0 {
		return m.mb
	}
	return max(total/100*m.percent+total%100*m.percent/100, leastShare)
}

// String returns m as a file has it.
func (m Memory) String() string {
	if m.percent != 0 {
		return strconv.Itoa(m.percent) + "%"
	}
	return strconv.Itoa(m.mb)
}

// UnmarshalText reads a number of MB or a share.
func (m *Memory) UnmarshalText(text []byte) error {
	number, isShare := strings.CutSuffix(string(text), "%")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 1 || (isShare && n > 100) {
		return fmt.Errorf("want a number of MB such as 2048, or a share of the machine's memory from 1%% to 100%%, not %q", text)
	}
	if *m = Megabytes(n); isShare {
		*m = Percent(n)
	}
	return nil
}

// MarshalText returns m as a file has it.
func (m Memory) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
