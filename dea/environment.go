package dea

import (
	"fmt"
	"strings"
)

// environment is the environment of an instance while it is made: names in the order in which they
// first came, each once; a later value wins. In 2012 it was a list of exports fed to a shell, and
// an apostrophe in a password swallowed what followed it.
type environment struct {
	names   []string
	values  map[string]string
	refused []string // entries that could not be exported, for the log
}

func newEnvironment() *environment { return &environment{values: map[string]string{}} }

// set exports a value as it is, byte for byte.
func (e *environment) set(name, value string) {
	if !validName(name) || strings.ContainsRune(value, 0) {
		e.refuse(name)
		return
	}
	if _, known := e.values[name]; !known {
		e.names = append(e.names, name)
	}
	e.values[name] = value
}

// add exports "K=V" as it stands in a message, with what the shell of 2012 did to V and somebody
// may rely on: V in single quotes loses them, in anything else $NAME and ${NAME} stand for what was
// exported before.
func (e *environment) add(entry string) {
	name, value, ok := strings.Cut(entry, "=")
	if !ok {
		e.refuse(entry)
		return
	}
	e.set(name, e.shellValue(value))
}

// addShell is add for the texts that an operator wrote for a shell to read (debug_env, environment
// of a runtime), in which double quotes around the whole are none of the value:
// NODE_ARGS="--debug=$VCAP_DEBUG_PORT".
func (e *environment) addShell(name, value string) { e.set(name, e.shellValue(unwrap(value, '"'))) }

func (e *environment) shellValue(value string) string {
	if inner := unwrap(value, '\''); inner != value {
		return inner
	}
	return e.expand(value)
}

// expand replaces $NAME and ${NAME}. What is not exported is empty; a $ that begins neither stays.
// Nothing is executed.
func (e *environment) expand(text string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest := variable(after)
		if name == "" {
			b.WriteByte('$')
		}
		b.WriteString(e.values[name])
		text = rest
	}
}

// variable reads a variable's name, bare or in braces, that stands behind a $; name is empty when
// there is none.
func variable(text string) (name, rest string) {
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		name, rest, ok = strings.Cut(inner, "}")
		if ok && validName(name) {
			return name, rest
		}
		return "", text
	}
	n := 0
	for n < len(text) && nameByte(text[n], n) {
		n++
	}
	return text[:n], text[n:]
}

// list is the environment as a process gets it.
func (e *environment) list() []string {
	all := make([]string, len(e.names))
	for i, name := range e.names {
		all[i] = name + "=" + e.values[name]
	}
	return all
}

// refuse notes an entry that is left out. Its value may be a secret: only the name is kept, quoted
// and cut.
func (e *environment) refuse(entry string) {
	name, _, _ := strings.Cut(entry, "=")
	e.refused = append(e.refused, fmt.Sprintf("%.40q", name))
}

// unwrap takes off the quotes around the whole of a value. Where there are more of them inside,
// these are not around the whole.
func unwrap(value string, quote byte) string {
	if n := len(value); n >= 2 && value[0] == quote && strings.IndexByte(value[1:], quote) == n-2 {
		return value[1 : n-1]
	}
	return value
}

func validName(name string) bool {
	for i := range len(name) {
		if !nameByte(name[i], i) {
			return false
		}
	}
	return name != ""
}

// nameByte reports whether c may be at position i of a variable's name.
func nameByte(c byte, i int) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || i > 0 && '0' <= c && c <= '9'
}
