package node

import (
	"fmt"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// splitWords takes a command apart as a shell does that expands nothing, and as Ruby's Shellwords.split did in 2012.
func splitWords(command string) ([]string, error) {
	var words []string
	word, open := "", false
	for i := 0; i < len(command); {
		switch command[i] {
		case ' ', '\t', '\n', '\r', '\v', '\f':
			if open {
				words = append(words, word)
			}
			word, open = "", false
			i++
		case '\'', '"':
			inner, n := quoted(command[i:])
			if n == 0 {
				return nil, &plugin.StagingError{Message: fmt.Sprintf("Unmatched double quote: %q", command), Tip: "scripts.start of package.json: close the quotes"}
			}
			word, open, i = word+inner, true, i+n
		case '\\':
			if i+1 < len(command) {
				i++
			}
			word, open, i = word+command[i:i+1], true, i+1
		default:
			word, open, i = word+command[i:i+1], true, i+1
		}
	}
	if open {
		words = append(words, word)
	}
	return words, nil
}

// quoted reads what stands in quotes at the beginning of text, and how long it is with them; 0 when they are never closed.
// In double quotes a backslash takes the meaning of the four characters that keep theirs there.
func quoted(text string) (inner string, n int) {
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return b.String(), i + 1
		case text[i] == '\\' && quote == '"' && i+1 < len(text):
			i++
			if strings.IndexByte("$`\"\\\n", text[i]) < 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0
}

// joinWords makes a command of words. Each is escaped, so that a $PORT that stood in one is no variable any more (bug Q15).
func joinWords(words []string) string {
	escaped := make([]string, len(words))
	for i, w := range words {
		escaped[i] = escapeWord(w)
	}
	return strings.Join(escaped, " ")
}

// escapeWord is Ruby's Shellwords.escape.
func escapeWord(word string) string {
	if word == "" {
		return "''"
	}
	var b strings.Builder
	for _, r := range word {
		switch {
		case r == '\n':
			b.WriteString("'\n'")
			continue
		case !strings.ContainsRune("_-.,:+/@", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z'):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
