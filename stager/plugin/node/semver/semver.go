// Package semver tells whether a version of Node.js or npm fits what a package.json demands of it under "engines".
//
// In goes a version and a range in npm's notation (">=0.8 <0.10 || ~1.2", "^20", "18.x"), out comes yes, no, or that the
// range cannot be read ([Satisfies]). What stands behind a hyphen or a plus (1.0.0-beta.1) does not count: those who run an app
// have releases.
package semver

import (
	"fmt"
	"strconv"
	"strings"
)

// Satisfies reports whether a version fits a range. It fails when one of them cannot be read.
func Satisfies(version, rng string) (bool, error) {
	v, n, err := parse(version)
	if err != nil || n == 0 {
		return false, fmt.Errorf("%q is no version", version)
	}
	for alternative := range strings.SplitSeq(rng, "||") {
		parts, err := intervals(alternative)
		if err != nil {
			return false, fmt.Errorf("%q is no range of versions", rng)
		}
		fits := true
		for _, p := range parts {
			fits = fits && p.holds(v)
		}
		if fits {
			return true, nil
		}
	}
	return false, nil
}

// number is a version's major, minor and patch.
type number [3]int

func (n number) less(o number) bool {
	for i := range n {
		if n[i] != o[i] {
			return n[i] < o[i]
		}
	}
	return false
}

// next is the first number that differs from n in the place: 1.2.3 in the place 1 is followed by 1.3.0, in place 0 by 2.0.0.
func (n number) next(place int) number {
	n[place]++
	for i := place + 1; i < len(n); i++ {
		n[i] = 0
	}
	return n
}

// interval is from ≤ v < to; open ones have no to.
type interval struct {
	from, to number
	open     bool
}

func (i interval) holds(v number) bool { return !v.less(i.from) && (i.open || v.less(i.to)) }

// intervals reads what has to hold at the same time.
func intervals(text string) ([]interval, error) {
	if low, high, ok := strings.Cut(text, " - "); ok {
		from, err := comparator(">=", strings.TrimSpace(low))
		if err != nil {
			return nil, err
		}
		to, err := comparator("<=", strings.TrimSpace(high))
		return []interval{from, to}, err
	}
	var all []interval
	for _, word := range words(text) {
		op := word[:len(word)-len(strings.TrimLeft(word, "<>=~^"))]
		i, err := comparator(op, word[len(op):])
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	return all, nil
}

// words splits at spaces, but keeps an operator and the version behind it together: ">= 0.8" is one word.
func words(text string) []string {
	var all []string
	for _, field := range strings.Fields(text) {
		if n := len(all); n > 0 && strings.Trim(all[n-1], "<>=~^") == "" {
			all[n-1] += field
			continue
		}
		all = append(all, field)
	}
	return all
}

// comparator reads one condition. A version with fewer than three numbers stands for all that begin with it.
func comparator(op, text string) (interval, error) {
	v, n, err := parse(text)
	if err != nil {
		return interval{}, err
	}
	if n == 0 { // any version
		return interval{open: op != "<" && op != ">"}, nil
	}
	after := v.next(n - 1)
	switch op {
	case "", "=":
		return interval{from: v, to: after}, nil
	case ">=":
		return interval{from: v, open: true}, nil
	case ">":
		return interval{from: after, open: true}, nil
	case "<":
		return interval{to: v}, nil
	case "<=":
		return interval{to: after}, nil
	case "~", "~>":
		return interval{from: v, to: v.next(min(n-1, 1))}, nil
	case "^":
		return interval{from: v, to: v.next(caretPlace(v, n))}, nil
	}
	return interval{}, fmt.Errorf("operator %q", op)
}

// caretPlace is the place that ^ keeps: the first that is not 0, or the last that is written.
func caretPlace(v number, n int) int {
	for i := range n {
		if v[i] != 0 {
			return i
		}
	}
	return n - 1
}

// parse reads up to three numbers; x, X and * stand for any, as do those that are missing. n is how many there are.
func parse(text string) (v number, n int, err error) {
	text = strings.TrimLeft(strings.TrimSpace(text), "v=")
	if text == "" {
		return v, 0, nil
	}
	text, _, _ = strings.Cut(text, "+")
	text, _, _ = strings.Cut(text, "-")
	parts := strings.Split(text, ".")
	if len(parts) > len(v) {
		return v, 0, fmt.Errorf("%q has more than %d numbers", text, len(v))
	}
	for i, p := range parts {
		if p == "x" || p == "X" || p == "*" {
			return v, i, nil
		}
		if v[i], err = strconv.Atoi(p); err != nil || v[i] < 0 {
			return v, 0, fmt.Errorf("%q is no version", text)
		}
	}
	return v, len(parts), nil
}
