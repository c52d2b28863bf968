package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func loadError(t *testing.T, text string) (error, string) {
	t.Helper()
	o := inFile(t, text)
	cfg, values, err := load[stagerLike]("stager", []byte(defaults), o)
	if err == nil {
		t.Fatalf("loaded %q as %+v, want an error", short(text), cfg)
	}
	if values != nil || cfg.MaxActiveTasks != 0 {
		t.Error("there is a result beside the error")
	}
	return err, strings.ReplaceAll(err.Error(), o.Path, "stager.yml")
}

func TestMistakeIsShownWhereItStands(t *testing.T) {
	t.Parallel()
	_, got := loadError(t, "nats_uri: nats://127.0.0.1:4222\n\n# how many\nmax_activ_tasks: 3\nqueues: [staging]\n")
	want := `stager.yml:4:1: unknown key "max_activ_tasks": did you mean "max_active_tasks"?
     2 |
     3 | # how many
>    4 | max_activ_tasks: 3
       | ^
     5 | queues: [staging]
allowed here: logging, nats_uri, max_staging_duration, max_active_tasks, max_queued_tasks, max_download, queues, pid_filename, secure, dirs, unpack, index, local_route, status, ruby_path, run_plugin_path, runtimes, max_memory, ratio, free`
	if got != want {
		t.Errorf("error:\n%s\nwant:\n%s", got, want)
	}
}

func TestMistakesAreExplainedInWordsOfTheFile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"unknown key in a record":         {"logging:\n  levl: info\n", `:2:3: unknown key "levl": did you mean "level"?`},
		"what a record allows":            {"logging:\n  levl: info\n", "allowed in logging: level, file, syslog"},
		"letters swapped":                 {"status: {prot: 1}\n", `unknown key "prot": did you mean "port"?`},
		"key of another record":           {"level: info\n", `unknown key "level": did you mean "logging.level"?`},
		"record used as a prefix":         {"logging: {dirs: x}\n", `unknown key "dirs": did you mean "dirs.tmp"?`},
		"name from another component":     {"mbus: nats://x\n", `unknown key "mbus": did you mean "nats_uri"?`},
		"a Ruby symbol":                   {":secure: true\n", `unknown key ":secure": did you mean "secure"?`},
		"nothing like it":                 {"frobnicate: 1\n", `unknown key "frobnicate"` + "\n"},
		"unexported field":                {"internal: x\n", `unknown key "internal"`},
		"field without a key":             {"ignored: x\n", `unknown key "ignored"`},
		"key there twice":                 {"secure: true\nqueues: [a]\nsecure: false\n", `:3:1: the key "secure" is there twice`},
		"text for a number":               {"max_active_tasks: many\n", `:1:19: max_active_tasks: want a whole number, not the text "many"`},
		"quoted number":                   {"max_active_tasks: \"3\"\n", `max_active_tasks: want a whole number, not the text "3"`},
		"fraction for a whole number":     {"max_active_tasks: 1.5\n", "max_active_tasks: want a whole number, not the number 1.5"},
		"huge number":                     {"max_active_tasks: 99999999999999999999\n", "max_active_tasks: want a whole number"},
		"number for true or false":        {"secure: 1\n", "secure: want true or false, not the number 1"},
		"text for true or false":          {"secure: maybe\n", `secure: want true or false, not the text "maybe"`},
		"true for text":                   {"pid_filename: true\n", `pid_filename: want text (put it in quotes: "true"), not true`},
		"nothing for text":                {"pid_filename:\n", `pid_filename: want text ("" for none; leave the line out for the default), not nothing`},
		"list for text":                   {"pid_filename: [a]\n", "pid_filename: want text, not a list"},
		"record for text":                 {"pid_filename: {a: b}\n", "pid_filename: want text, not a record (key: value)"},
		"text for a list":                 {"queues: staging\n", `queues: want a list, not the text "staging"`},
		"record in a list":                {"queues: [a, {b: c}]\n", ":1:13: queues[1]: want text, not a record"},
		"text for a record":               {"logging: debug\n", `want a record (level, file, syslog), not the text "debug"`},
		"list for a file":                 {"- a\n", "want a record (logging, nats_uri,"},
		"text for a file":                 {"hello\n", `not the text "hello"`},
		"no time span":                    {"max_staging_duration: soon\n", `max_staging_duration: want a time span such as 30 (seconds), 0.5 or 2m30s, not "soon"`},
		"negative time span":              {"max_staging_duration: -1\n", "max_staging_duration: want a time span"},
		"endless time span":               {"max_staging_duration: .inf\n", "max_staging_duration: want a time span"},
		"list for a time span":            {"max_staging_duration: [1]\n", "max_staging_duration: want a time span"},
		"no size":                         {"max_download: 5 apples\n", `max_download: want a size such as 512MiB, 2GiB or a number of bytes, not "5 apples"`},
		"no memory":                       {"max_memory: 150%\n", "max_memory: want a number of MB such as 2048, or a share"},
		"text for a fraction":             {"ratio: half\n", `ratio: want a number, not the text "half"`},
		"runtimes of the 2012 example":    {"runtimes:\n  ruby18:\n    executable: ruby\n", ":3:5: runtimes: want text, such as the name of a program, not a record"},
		"runtime there twice":             {"runtimes: [a, b, a]\n", `:1:18: runtimes: "a" is there twice`},
		"text for runtimes":               {"runtimes: ruby\n", `runtimes: want a list of names or a map from name to value, not the text "ruby"`},
		"key there twice without a shape": {"free: {a: 1, a: 2}\n", `"a"`},
		"list for a map without a shape":  {"free: [1]\n", "free: want a record (key: value), not a list"},
		"alias":                           {"pid_filename: &x a\nruby_path: *x\n", ":1:15: anchors, aliases and merges"},
		"merge":                           {"<<: {secure: true}\n", "anchors, aliases and merges"},
		"tag":                             {"pid_filename: !ruby/object:File x\n", ":1:15: tags (!x) are not supported"},
		"explicit key":                    {"? secure\n: true\n", "keys written with ?"},
		"key that is a list":              {"[a]: 1\n", "invalid key"},
		"second document":                 {"secure: true\n---\nsecure: false\n", ":3:1: a second document begins here"},
		"tab":                             {"dirs:\n\ttmp: x\n", ":2:1: found character '\t' that cannot start any token"},
		"open bracket":                    {"queues: [a\nsecure: true\n", "stager.yml:2:1: "},
		"what Validate says":              {"# no work\nmax_active_tasks: 0\n", ":2:19: max_active_tasks: want 1 or more, not 0\n     1 | # no work\n>    2 | max_active_tasks: 0\n       |                   ^"},
		"what Validate says of a record":  {"status:\n  user: admin\n", ":2:3: status.password: is empty though status.user is set"},
		"binary file":                     {"\x7fELF\x00\x01", "want a record"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err, got := loadError(t, tt.text)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error:\n%s\nwant it to hold:\n%s", got, tt.want)
			}
			if e, ok := errors.AsType[*Error](err); !ok || e.Line == 0 {
				t.Errorf("error %#v has no line", err)
			}
			for _, leak := range []string{"stagerLike", "int64", "string", "struct", "interface", "reflect"} {
				if strings.Contains(got, leak) {
					t.Errorf("error %q talks Go: %s", got, leak)
				}
			}
		})
	}
}

func TestMistakeInTheEnvironmentNamesTheVariable(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"MINICF_STAGER_MAX_ACTIVE_TASKS=x":        `env MINICF_STAGER_MAX_ACTIVE_TASKS: want a whole number, not the text "x"`,
		"MINICF_STAGER_MAX_ACTIVE_TASKS=0":        "env MINICF_STAGER_MAX_ACTIVE_TASKS: max_active_tasks: want 1 or more, not 0",
		"MINICF_STAGER_MAX_ACTIVE_TASKS=#":        `env MINICF_STAGER_MAX_ACTIVE_TASKS: "#" is no value`,
		"MINICF_STAGER_MAX_ACTIVE_TASKS=[":        "env MINICF_STAGER_MAX_ACTIVE_TASKS: ",
		"MINICF_STAGER_INDEX=x":                   `env MINICF_STAGER_INDEX: want a whole number`,
		"MINICF_STAGER_MAX_STAGING_DURATION=soon": "env MINICF_STAGER_MAX_STAGING_DURATION: want a time span",
		"MINICF_STAGER_RUNTIMES=a,,b":             "env MINICF_STAGER_RUNTIMES: want names separated by commas",
		"MINICF_STAGER_QUEUES={a: b}":             "env MINICF_STAGER_QUEUES: want a list, not a record",
	} {
		_, _, err := load[stagerLike]("stager", []byte(defaults), Options{Lookup: env(entry)})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error = %v, want %s", entry, err, want)
		}
	}
	_, _, err := load[stagerLike]("stager", []byte(defaults), Options{Overrides: []Override{{Key: "port", Value: "1", Flag: "--port"}}})
	if err == nil || err.Error() != `flag --port: stager has no key "port"` {
		t.Errorf("error = %v, want the flag without a key", err)
	}
}

func TestValidationErrorCanStillBeTold(t *testing.T) {
	t.Parallel()
	err, _ := loadError(t, "max_active_tasks: 0\n")
	if e, ok := errors.AsType[*InvalidError](err); !ok || e.Key() != "max_active_tasks" {
		t.Errorf("error %v does not lead to the one of Validate", err)
	}
}

func TestExcerptHidesSecrets(t *testing.T) {
	t.Parallel()
	_, got := loadError(t, "nats_uri: nats://me:hunter2@127.0.0.1\nstatus:\n  password: hunter2\n  prot: 1\n  \"token\": hunter2\n")
	if strings.Contains(got, "hunter2") || strings.Count(got, "***") != 3-1 { // the first line is too far away to be shown
		t.Errorf("error shows a secret:\n%s", got)
	}
	_, got = loadError(t, "nats_uri: nats://me:hunter2@127.0.0.1\nprot: 1\n")
	if strings.Contains(got, "hunter2") || !strings.Contains(got, "nats://me:***@127.0.0.1") {
		t.Errorf("error shows a secret:\n%s", got)
	}
}

func TestExcerptOfALongLineShowsThePlace(t *testing.T) {
	t.Parallel()
	_, got := loadError(t, "queues: ["+strings.Repeat("a, ", 3000)+"{b: \x1bc}]\n")
	var line, caret string
	for l := range strings.Lines(got) {
		if strings.HasPrefix(l, ">") {
			line = l
		} else if strings.HasSuffix(l, "^\n") || strings.HasSuffix(l, "^") {
			caret = l
		}
	}
	if i := strings.IndexByte(caret, '^'); i < 0 || len([]rune(line)) > 120 || line[i] != '{' {
		t.Errorf("excerpt does not point at the record:\n%s%s", line, caret)
	}
	if strings.ContainsRune(got, '\x1b') {
		t.Errorf("excerpt passes control characters on: %q", got)
	}
}

// TestMonsterFilesAreRefused takes many minutes when a limit is gone.
func TestMonsterFilesAreRefused(t *testing.T) {
	t.Parallel()
	bomb := "x0: &x0 [x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("x%d: &x%d [*x%d, *x%d]\n", i+1, i+1, i, i)
	}
	var keys strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&keys, "key%d: 1\n", i)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"more than 1 MB":        {strings.Repeat("# comment\n", 1<<20/10+1), "larger than 1 MB"},
		"alias bomb":            {bomb, "anchors, aliases and merges"},
		"many keys":             {keys.String(), `unknown key "key0"`},
		"far too many keys":     {strings.Repeat(keys.String(), 2), "that is no config file"},
		"deep list":             {strings.Repeat("- ", 10_000), "that is no config file"},
		"deep explicit keys":    {strings.Repeat("? ", 10_000), "that is no config file"},
		"deep flow list":        {strings.Repeat("[", 10_000), "that is no config file"},
		"deep flow map":         {strings.Repeat("{a: ", 10_000), "that is no config file"},
		"deep over many lines":  {strings.Repeat("# x\n[\n", 10_000), "that is no config file"},
		"as deep as is allowed": {strings.Repeat("[", maxNested), "not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, got := loadError(t, tt.text); !strings.Contains(got, tt.want) {
				t.Errorf("error = %s, want it to hold %q", short(got), tt.want)
			}
		})
	}
}

func TestLargeCommentsAreNoProblem(t *testing.T) {
	t.Parallel()
	mustLoad(t, inFile(t, strings.Repeat("# comment\n\n", 90_000)+"secure: true\n"))
}
