package framework

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/minicf/minicf/protocol"
)

const requireSinatra = `\s*require[\s\(]*['"]sinatra(/base)?['"]`

func TestMatchFindsFilesByContent(t *testing.T) {
	t.Parallel()
	dir := newTree(t, map[string]string{
		"zz.rb":      "require 'sinatra'\n",
		"aa.rb":      "require \"sinatra/base\"\n",
		"helper.rb":  "module Helper; end\n",
		"latin1.rb":  "# caf\xe9\nrequire 'sinatra'\n",
		"lib/app.rb": "require 'sinatra'\n",
		"dir.rb/":    "",
		"server.js":  "x",
	})
	tests := map[string]struct {
		rules protocol.Detection
		want  string
	}{
		"sorted, directories skipped, any encoding": {protocol.Detection{{Glob: "*.rb", Pattern: requireSinatra}}, "aa.rb latin1.rb zz.rb"},
		"the order of the rules comes first": {
			protocol.Detection{{Glob: "*.js", Pattern: "."}, {Glob: "*.rb", Pattern: requireSinatra}, {Glob: "a*", Pattern: "."}},
			"server.js aa.rb latin1.rb zz.rb",
		},
		"true and false are for clients": {protocol.Detection{{Glob: "*.rb", Exists: true}, {Glob: "*.js"}}, ""},
		"no rules":                       {nil, ""},
		"lines, as in Ruby":              {protocol.Detection{{Glob: "*.rb", Pattern: `^require 'sinatra'$`}}, "latin1.rb zz.rb"},
	}
	for name, tt := range tests {
		got, err := Match(t.Context(), tt.rules, dir)
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%s: Match = %q, %v, want %q", name, got, err, tt.want)
		}
	}
}

func TestMatchNamesTheRuleThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	dir := newTree(t, map[string]string{"app.rb": "require 'sinatra'\n"})
	for pattern, want := range map[string]string{
		"require(":           "missing closing )",
		`(?=require)`:        "(?=",
		`(a)\1`:              `\1`,
		`a++`:                "++",
		`[a-z&&[^b]]`:        "&&",
		`[a[b]]`:             "Ruby's alone",
		`[a`:                 "missing closing ]",
		`(?x) require # why`: "(?x",
	} {
		_, err := Match(t.Context(), protocol.Detection{{Glob: "*.rb", Pattern: pattern}}, dir)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `rule "*.rb"`) {
			t.Errorf("Match(%q) failed with %v, want it to say %q", pattern, err, want)
		}
	}
	if _, err := Match(t.Context(), protocol.Detection{{Glob: "[", Pattern: "."}}, dir); err == nil {
		t.Error("Match with a malformed glob succeeded")
	}
}

func TestRubyRegexpMeansTheSameHere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{`^b$`, "a\nb\nc", true},
		{`a.b`, "a\nb", false},
		{`(?m)a.b`, "a\nb", true},
		{`(?m:a.b)`, "a\nb", true},
		{`(?i-m:A.B)`, "a\nb", false},
		{`\Aa`, "b\na", false},
		{`a\Z`, "a\n", true},
		{`a\Z`, "a\nb", false},
		{`\h{4}`, "zz12EFzz", true},
		{`[\h]+z`, "fz", true},
		{`[[:upper:]\/]x`, "/x", true},
		{`\/lib`, "/lib", true},
		{`(?<name>a)(?:b)`, "ab", true},
		{`require\s+'sinatra'|require\s+"sinatra"`, "require\t'sinatra'", true},
		{`é`, "caf\xc3\xa9", true},
		{`\é`, "é", true},
	}
	for _, tt := range tests {
		re, err := compileRuby(tt.pattern)
		if err != nil {
			t.Errorf("%q: %v", tt.pattern, err)
			continue
		}
		if got := re.MatchString(tt.text); got != tt.want {
			t.Errorf("%q fits %q: %t, want %t", tt.pattern, tt.text, got, tt.want)
		}
	}
}

func TestMatchDoesNotLeaveTheDirectory(t *testing.T) {
	t.Parallel()
	secret := newTree(t, map[string]string{"secret.rb": "require 'sinatra'\n"})
	dir := newFiles(t, "app.rb")
	if err := os.Symlink(filepath.Join(secret, "secret.rb"), filepath.Join(dir, "evil.rb")); err != nil {
		t.Fatal(err)
	}
	got, err := Match(t.Context(), protocol.Detection{{Glob: "*.rb", Pattern: requireSinatra}}, dir)
	if err == nil || !strings.Contains(err.Error(), "evil.rb") {
		t.Errorf("Match = %q, %v, want an error that names evil.rb", got, err)
	}
}

func TestMatchReadsOnlyTheFirstMegabyteOfFilesAndNoPipes(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("#", maxContent)
	dir := newTree(t, map[string]string{"late.rb": filler + "\nrequire 'sinatra'\n", "early.rb": "require 'sinatra'\n" + filler})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.rb"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Match(t.Context(), protocol.Detection{{Glob: "*.rb", Pattern: requireSinatra}}, dir)
	if err != nil || strings.Join(got, " ") != "early.rb" {
		t.Errorf("Match = %q, %v, want early.rb", got, err)
	}
}

func TestMatchStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Match(ctx, protocol.Detection{{Glob: "**/*", Pattern: "."}}, newFiles(t, "a"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Match after cancel = %v, want context canceled", err)
	}
}
