package framework

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// compileRuby reads a regular expression written for Ruby 1.9. There ^ and $ are the ends of lines and the flag m lets
// the dot fit a newline, which Go calls m and s. Look-around, back-references, atomic groups and possessive repetitions
// have no counterpart in Go; they are errors, as is [a&&b], which Go would read as something else.
func compileRuby(pattern string) (*regexp.Regexp, error) {
	translated, err := fromRuby(pattern)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", pattern, err)
	}
	re, err := regexp.Compile("(?m)" + translated)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w (not everything that Ruby knows can be used here)", pattern, err)
	}
	return re, nil
}

// fromRuby rewrites what means something else in Go, or has another name there.
func fromRuby(pattern string) (string, error) {
	var b strings.Builder
	for pattern != "" {
		n, text := 1, pattern[:1]
		switch {
		case pattern[0] == '\\' && len(pattern) > 1:
			n, text = 2, escape(pattern[:2])
		case pattern[0] == '[':
			var err error
			if n, text, err = class(pattern); err != nil {
				return "", err
			}
		case strings.HasPrefix(pattern, "(?"):
			flags := groupFlags(pattern)
			n, text = 2+len(flags), "(?"+strings.ReplaceAll(flags, "m", "s")
		}
		b.WriteString(text)
		pattern = pattern[n:]
	}
	return b.String(), nil
}

// escape is Go's word for Ruby's \c outside a character class.
func escape(c string) string {
	if c[1] >= utf8.RuneSelf {
		return c[1:] // the first byte of a letter that needs no escape
	}
	switch c {
	case `\h`:
		return "[0-9a-fA-F]"
	case `\Z`: // the end, or before the newline at the end
		return `(?:\n?\z)`
	case `\/`: // Ruby's own delimiter, which manifests escape
		return "/"
	}
	return c
}

// class is Go's word for the character class that pattern begins with, and how long Ruby's is.
func class(pattern string) (n int, text string, err error) {
	for n = 1; n < len(pattern); n++ {
		rest := pattern[n:]
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			n++
		case strings.HasPrefix(rest, "[:") && strings.Contains(rest, ":]"):
			n += strings.Index(rest, ":]") + 1
		case rest[0] == '[':
			return 0, "", errors.New("a character class in a character class is Ruby's alone")
		case strings.HasPrefix(rest, "&&"):
			return 0, "", errors.New("&& in a character class is Ruby's alone")
		case rest[0] == ']' && n > 1:
			text = strings.NewReplacer(`\\`, `\\`, `\h`, "0-9a-fA-F", `\/`, "/").Replace(pattern[:n+1])
			return n + 1, text, nil
		}
	}
	return 0, "", errors.New("missing closing ]")
}

// groupFlags returns the letters of (?imx-imx) and (?imx-imx:…), "" for every other kind of group.
func groupFlags(group string) string {
	end := strings.IndexAny(group, ":)")
	if end < 0 || strings.Trim(group[2:end], "imx-") != "" {
		return ""
	}
	return group[2:end]
}
