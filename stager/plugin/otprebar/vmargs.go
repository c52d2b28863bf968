package otprebar

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minicf/minicf/stager/plugin"
)

// argsFile has the arguments of the virtual machine, in releases as the first rebar made them.
const argsFile = "etc/vm.args"

// rewriteVMArgs takes the node's name out of vm.args, since the startup script adds one that is different for each instance,
// and lets the virtual machine run without a terminal.
func rewriteVMArgs(w *plugin.Workspace) error {
	content, err := w.ReadApp(argsFile)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	if content == nil {
		return &plugin.StagingError{Message: "No such file or directory - app/" + argsFile, Tip: "the release has to read its arguments from etc/vm.args"}
	}
	text, _ := unnamed(content, "-name ")
	return w.Write("app/"+argsFile, []byte(text+"\n+B\n-noinput\n"), 0o644)
}

// unnamed is the text of a vm.args without the lines that begin with one of the flags, and whether there were any. It ends with a
// newline.
func unnamed(text []byte, flags ...string) (rest string, named bool) {
	var kept strings.Builder
	for line := range strings.Lines(string(text)) {
		if slices.ContainsFunc(flags, func(flag string) bool { return strings.HasPrefix(line, flag) }) {
			named = true
			continue
		}
		kept.WriteString(line)
	}
	rest = kept.String()
	if !strings.HasSuffix(rest, "\n") {
		rest += "\n"
	}
	return rest, named
}

// vmcArgs are the shell lines that append each line of etc/vmc.args to a vm.args, with the variables of the instance in it. The
// file is part of the app and its variables are meant for the shell.
func vmcArgs(w *plugin.Workspace, file string) ([]string, error) {
	content, err := w.ReadApp("etc/vmc.args")
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		lines = append(lines, "echo "+inspect(strings.TrimSpace(line))+" >>"+file)
	}
	return lines, nil
}

// inspect is Ruby's String#inspect: what is in double quotes in its sources.
func inspect(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		b.WriteString(inspectRune(r, s[i:]))
	}
	b.WriteByte('"')
	return b.String()
}

// inspectRune is one character of it; rest begins with it.
func inspectRune(r rune, rest string) string {
	if r == utf8.RuneError && !strings.HasPrefix(rest, string(utf8.RuneError)) {
		return fmt.Sprintf(`\x%02X`, rest[0])
	}
	switch r {
	case '"', '\\':
		return `\` + string(r)
	case '#':
		if len(rest) > 1 && strings.ContainsRune("{$@", rune(rest[1])) {
			return `\#`
		}
	case '\x1b':
		return `\e`
	}
	if i := strings.IndexRune("\a\b\t\n\v\f\r", r); i >= 0 {
		return `\` + string("abtnvfr"[i])
	}
	if !unicode.IsPrint(r) {
		return fmt.Sprintf(`\u%04X`, r)
	}
	return string(r)
}

// inspectAll is Ruby's Array#inspect.
func inspectAll(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = inspect(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
