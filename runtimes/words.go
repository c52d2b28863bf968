package runtimes

import (
	"errors"
	"strings"
)

// SplitWords splits a command line into words as a POSIX shell does: at blanks, with '…', "…" and \ to keep them.
// Nothing is expanded and nothing is an operator: $HOME, *, ; and > stay as they are, because the words go to a program
// and never to a shell. A quote without its partner, a backslash at the end and a NUL byte are errors.
func SplitWords(line string) ([]string, error) {
	if strings.ContainsRune(line, 0) {
		return nil, errors.New("contains a NUL byte")
	}
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" {
			return words, nil
		}
		word, rest, err := nextWord(line)
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), rest
	}
}

func nextWord(line string) (word, rest string, err error) {
	var b strings.Builder
	for line != "" {
		c := line[0]
		line = line[1:]
		switch c {
		case ' ', '\t', '\r', '\n':
			return b.String(), line, nil
		case '\'':
			text, after, closed := strings.Cut(line, "'")
			if !closed {
				return "", "", errors.New("' is not closed")
			}
			b.WriteString(text)
			line = after
		case '"':
			if line, err = quoted(&b, line); err != nil {
				return "", "", err
			}
		case '\\':
			if line == "" {
				return "", "", errors.New(`\ stands at the end`)
			}
			if line[0] != '\n' { // a newline behind it joins two lines
				b.WriteByte(line[0])
			}
			line = line[1:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", nil
}

// quoted reads up to the closing ", in which a backslash protects only what would be special there.
func quoted(b *strings.Builder, line string) (rest string, err error) {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			return line[i+1:], nil
		case c == '\\' && i+1 < len(line) && strings.IndexByte("$`\"\\\n", line[i+1]) >= 0:
			i++
			if line[i] != '\n' {
				b.WriteByte(line[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New(`" is not closed`)
}
