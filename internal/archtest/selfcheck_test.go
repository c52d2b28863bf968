package archtest

import (
	"strings"
	"testing"
	"testing/fstest"
)

// tiny makes a tree of the files: name → source.
func tiny(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// importing is a file that imports the paths; those with ./ are of this module.
func importing(paths ...string) string {
	src := "package p\n"
	for _, p := range paths {
		src += `import _ "` + strings.Replace(p, "./", module+"/", 1) + "\"\n"
	}
	return src
}

func TestImportRulesCatchWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		want  string // part of a finding; empty for none
	}{
		"a component imports another":        {map[string]string{"stager/a.go": importing("./dea")}, "stager/a.go:2: ./stager imports ./dea, but a component never imports another"},
		"a component's folder imports one":   {map[string]string{"dea/isolation/fake/a.go": importing("./router")}, "a component never imports another"},
		"a component's test imports another": {map[string]string{"stager/a_test.go": importing("./dea")}, "a component never imports another"},
		"a component imports its own":        {map[string]string{"dea/a.go": importing("./dea/isolation")}, ""},
		"a component reaches another": {
			map[string]string{"stager/a.go": importing("./tools"), "tools/a.go": importing("./sandbox"), "sandbox/a.go": importing("./dea")},
			"./stager imports ./tools, which imports ./sandbox, which imports ./dea, but a component never",
		},
		"the wiring imports components":       {map[string]string{"sandbox/a.go": importing("./dea", "./stager")}, ""},
		"a stranger imports a component":      {map[string]string{"client/a.go": importing("./router")}, "everyone but the wiring sees components from outside"},
		"NATS outside bus":                    {map[string]string{"router/a.go": importing("github.com/nats-io/nats.go")}, "only bus knows NATS"},
		"NATS in a test outside bus":          {map[string]string{"router/a_test.go": importing("github.com/nats-io/nats.go")}, "only bus knows NATS"},
		"NATS in bus":                         {map[string]string{"bus/bustest/a.go": importing("github.com/nats-io/nats-server/v2/server")}, ""},
		"a component imports the wiring":      {map[string]string{"router/a.go": importing("./sandbox")}, "what is wired must not know it"},
		"a test imports the wiring":           {map[string]string{"router/a_test.go": importing("./sandbox")}, ""},
		"the demo imports the wiring":         {map[string]string{"story/a.go": importing("./sandbox")}, ""},
		"code imports a package for tests":    {map[string]string{"router/a.go": importing("./bus/bustest")}, "only tests import what is for tests"},
		"code imports testing":                {map[string]string{"router/a.go": importing("testing")}, "only tests import what is for tests"},
		"a package for tests imports another": {map[string]string{"dea/deatest/a.go": importing("./bus/bustest", "testing")}, ""},
		"protocol imports a library":          {map[string]string{"protocol/a.go": importing("github.com/goccy/go-yaml")}, "readable on its own (it may import std)"},
		"protocol imports the library":        {map[string]string{"protocol/a.go": importing("encoding/json")}, ""},
		"droplet imports compression":         {map[string]string{"droplet/a.go": importing("github.com/klauspost/compress/gzip")}, ""},
		"droplet imports the bus":             {map[string]string{"droplet/a.go": importing("./bus")}, "the artefact must be readable on its own"},
		"a process started anywhere":          {map[string]string{"router/a.go": importing("os/exec")}, "must be waited for"},
		"a process started in a test":         {map[string]string{"router/a_test.go": importing("os/exec")}, ""},
		"a process started by isolation":      {map[string]string{"dea/isolation/process/a.go": importing("os/exec")}, ""},
		"the kit sees a component's inside":   {map[string]string{"conform/x/a.go": importing("./runtimes")}, "sees components only from outside"},
		"the kit sees itself":                 {map[string]string{"conform/x/a.go": importing("./conform/y", "./bus")}, ""},
		"a plugin with the network":           {map[string]string{"stager/plugin/node/a.go": importing("net/http")}, "plugins turn files into files"},
		"a plugin that reaches the network": {
			map[string]string{"stager/plugin/node/a.go": importing("./framework"), "framework/a.go": importing("net")},
			"./stager/plugin/node imports ./framework, which imports net, but plugins",
		},
		"a plugin whose test reaches it": {
			map[string]string{"stager/plugin/node/a.go": importing("./framework"), "framework/a_test.go": importing("net")}, "",
		},
		"a backend that sees messages": {map[string]string{"dea/isolation/process/a.go": importing("./protocol")}, "never sees a message"},
		"something that is not looked at": {
			map[string]string{"dea/testdata/a.go": importing("./router"), "_x/a.go": importing("./router"), "other/go.mod": "module x", "other/a.go": importing("./router")}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, checkImports(tiny(t, tt.files)), tt.want)
		})
	}
}

// check wants a finding, or none at all.
func check(t *testing.T, found []string, want string) {
	t.Helper()
	all := strings.Join(found, "\n")
	switch {
	case want == "" && len(found) > 0:
		t.Errorf("found, though nothing is wrong:\n%s", all)
	case !strings.Contains(all, want):
		t.Errorf("found:\n%s\nwant a finding with:\n%s", all, want)
	}
}

func TestSourceRulesCatchWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\n", maxFuncLines)
	for name, tt := range map[string]struct {
		rule, file, src string
		want            string
	}{
		"init":                               {"no init", "p/a.go", "package p\nfunc init() {}", "p/a.go:2: func init; what runs before main"},
		"a method named init":                {"no init", "p/a.go", "package p\nfunc (t T) init() {}", ""},
		"init in a test":                     {"no init", "p/a_test.go", "package p\nfunc init() {}", ""},
		"a counter":                          {"no package state", "p/a.go", "package p\nvar n int", "variable n can change"},
		"a counter with a value":             {"no package state", "p/a.go", "package p\nvar n = 1", "variable n can change"},
		"a map that is made":                 {"no package state", "p/a.go", "package p\nvar m = make(map[int]int)", "variable m can change"},
		"a mutex":                            {"no package state", "p/a.go", "package p\nimport \"sync\"\nvar mu sync.Mutex", "variable mu can change"},
		"a pointer to a literal":             {"no package state", "p/a.go", "package p\nvar c = &T{}", "variable c can change"},
		"the second of a group":              {"no package state", "p/a.go", "package p\nvar (\na = []int{1}\nb int\n)", "p/a.go:4: package-level variable b"},
		"a table":                            {"no package state", "p/a.go", "package p\nvar t = map[string]int{}\nfunc f() int { return t[\"a\"] }", ""},
		"a table that is assigned":           {"no package state", "p/a.go", "package p\nvar t = map[string]int{}\nfunc f() { t[\"a\"] = 1 }", "variable t can change"},
		"a table whose part is assigned":     {"no package state", "p/a.go", "package p\nvar t = []T{{}}\nfunc f() { (t[0]).x.y++ }", "variable t can change"},
		"a table that loses an entry":        {"no package state", "p/a.go", "package p\nvar t = map[string]int{}\nfunc f() { delete(t, \"a\") }", "variable t can change"},
		"a table whose address is taken":     {"no package state", "p/a.go", "package p\nvar t = []int{}\nfunc f() { g(&t[0]) }", "variable t can change"},
		"a table that is appended to":        {"no package state", "p/a.go", "package p\nvar t = []int{}\nfunc f() { t = append(t, 1) }", "variable t can change"},
		"an error":                           {"no package state", "p/a.go", "package p\nvar ErrX = errors.New(\"x\")", ""},
		"an error that a test replaces":      {"no package state", "p/a.go", "package p\nvar ErrX = errors.New(\"x\")\nfunc f() { ErrX = nil }", "variable ErrX can change"},
		"an expression":                      {"no package state", "p/a.go", "package p\nvar x = regexp.MustCompile(\"x\")", ""},
		"an interface check":                 {"no package state", "p/a.go", "package p\nvar _ I = (*T)(nil)", ""},
		"embedded files":                     {"no package state", "p/a.go", "package p\n//go:embed x\nvar x embed.FS", ""},
		"a flag of a test":                   {"no package state", "p/a_test.go", "package p\nvar update = flag.Bool(\"update\", false, \"\")", ""},
		"a long file":                        {"file length", "p/a.go", "package p\n" + strings.Repeat("\n", maxFileLines), "401 lines, more than 400"},
		"a file just short enough":           {"file length", "p/a.go", "package p\n" + strings.Repeat("\n", maxFileLines-1), ""},
		"a long function":                    {"function length", "p/a.go", "package p\nfunc f() {" + long + "}", "f has 61 lines, more than 60"},
		"a function just short enough":       {"function length", "p/a.go", "package p\nfunc f() {" + long[1:] + "}", ""},
		"a long table":                       {"function length", "p/a.go", "package p\nfunc f() []int { return []int{" + long + "} }", ""},
		"a large interface":                  {"interface size", "p/a.go", "package p\ntype I interface { A(); B(); C(); D(); E(); F() }", "an interface with 6 methods"},
		"a plugin that looks at the clock":   {"clock", "stager/plugin/node/a.go", "package p\nimport \"time\"\nvar x = time.Now", "time.Now; plugins are handed the clock"},
		"a plugin that formats a time":       {"clock", "stager/plugin/node/a.go", "package p\nimport \"time\"\nvar x = time.RFC3339", ""},
		"what hands the clock to plugins":    {"clock", "stager/plugin/a.go", "package p\nimport \"time\"\nvar x = time.Now", ""},
		"a component that looks at it":       {"clock", "stager/a.go", "package p\nimport \"time\"\nvar x = time.Now", ""},
		"the global logger":                  {"no global logger, no exit", "p/a.go", "package p\nimport l \"log/slog\"\nfunc f() { l.Info(\"x\") }", "slog.Info; loggers are passed in"},
		"a logger of that name":              {"no global logger, no exit", "p/a.go", "package p\nimport \"log/slog\"\nfunc f(slog *slog.Logger) { slog.Info(\"x\") }", ""},
		"an exit":                            {"no global logger, no exit", "p/a.go", "package p\nimport \"os\"\nfunc f() { os.Exit(1) }", "os.Exit"},
		"main's exit":                        {"no global logger, no exit", "cmd/p/a.go", "package main\nimport \"os\"\nfunc main() { os.Exit(1) }", ""},
		"a sleep in a test":                  {"no real sleep", "p/a_test.go", "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }", "p/a_test.go:3: time.Sleep; wait on a channel"},
		"a sleep in a package for tests":     {"no real sleep", "p/ptest/a.go", "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }", "time.Sleep"},
		"a sleep in a bubble":                {"no real sleep", "p/a_test.go", "package p\nimport (\"time\"\n\"testing/synctest\")\nfunc f() { time.Sleep(1) }", ""},
		"the sleep that the others may call": {"no real sleep", "internal/testkit/a.go", "package p\nimport \"time\"\nfunc f() { time.Sleep(1) }", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range sourceRules {
				if r.name == tt.rule {
					check(t, checkSources(tiny(t, map[string]string{tt.file: tt.src}), r), tt.want)
					return
				}
			}
			t.Errorf("there is no rule %q", tt.rule)
		})
	}
}

func TestMissingPackageCommentIsFound(t *testing.T) {
	t.Parallel()
	tr := tiny(t, map[string]string{
		"a/a.go": "// Package a is.\npackage a", "a/b.go": "package a",
		"b/b.go":      "package b",
		"c/c_test.go": "// Package c is.\npackage c",
	})
	found := strings.Join(checkDocs(tr), "\n")
	if strings.Contains(found, "./a ") || !strings.Contains(found, "./b has") || !strings.Contains(found, "./c has") {
		t.Errorf("found:\n%s\nwant ./b and ./c", found)
	}
}

func TestRulesNameWhatIsMeant(t *testing.T) {
	t.Parallel()
	for _, r := range onlyRules {
		wellFormed(t, append(r.what, r.by...), r.why)
	}
	for _, r := range closedRules {
		wellFormed(t, append(r.who, r.may...), r.why)
	}
	for _, r := range neverRules {
		wellFormed(t, append(r.who, r.what...), r.why)
	}
}

// wellFormed checks that patterns are written as imports are compared, and that there is a reason.
func wellFormed(t *testing.T, patterns []string, why string) {
	t.Helper()
	if why == "" {
		t.Errorf("the rule about %v has no reason", patterns)
	}
	for _, p := range patterns {
		if strings.HasPrefix(p, module) || strings.HasSuffix(p, "/") || strings.Contains(strings.TrimSuffix(p, "/..."), "...") {
			t.Errorf("pattern %q can never match", p)
		}
	}
}
