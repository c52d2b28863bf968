package otprebar

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/minicf/minicf/stager/plugin"
)

// rewriteVMArgs takes the node's name out of vm.args, since the startup script adds one that is different for each instance,
// and lets the virtual machine run without a terminal.
func rewriteVMArgs(w *plugin.Workspace) error {
	const file = "etc/vm.args"
	content, err := w.ReadApp(file)
	if err != nil {
		return &plugin.StagingError{Message: err.Error()}
	}
	if content == nil {
		return &plugin.StagingError{Message: "No such file or directory - app/" + file, Tip: "the release has to read its arguments from etc/vm.args"}
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(content) {
		if !bytes.HasPrefix(line, []byte("-name ")) {
			kept.Write(line)
		}
	}
	if n := kept.Len(); n == 0 || kept.Bytes()[n-1] != '\n' {
		kept.WriteByte('\n')
	}
	kept.WriteString("\n+B\n-noinput\n")
	return w.Write("app/"+file, kept.Bytes(), 0o644)
}

// vmcArgs are the shell lines that append each line of etc/vmc.args to vm.args, with the variables of the instance in it. The
// file is part of the app and its variables are meant for the shell.
func vmcArgs(w *plugin.Workspace) ([]string, error) {
	content, err := w.ReadApp("etc/vmc.args")
	if err != nil {
		return nil, &plugin.StagingError{Message: err.Error()}
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		lines = append(lines, "echo "+inspect(strings.TrimSpace(line))+" >>etc/vm.args")
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
