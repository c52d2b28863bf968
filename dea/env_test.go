package dea

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// launched returns the environment of an instance that a start message makes.
func launched(t testing.TB, message string, executable, rubylib string) (names []string, values map[string]string, refused []string) {
	t.Helper()
	r, err := protocol.Decode[protocol.StartRequest]([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	in, err := newInstance(r, "/base/apps", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	in.port, in.state, in.staged = 42497, protocol.Starting, true
	in.start = time.Date(2012, 11, 22, 6, 47, 40, 0, time.UTC)
	in.since, in.id, in.private = in.start, "c8b0", "c773"
	if r.Debug != "" {
		in.debugPort = 58608
	}
	d := &DEA{ip: "127.0.0.1"}
	list, refused := launch{record: d.record(in), request: in.request, host: d.ip, executable: executable, rubylib: rubylib}.env()
	values = map[string]string{}
	for _, entry := range list {
		name, value, _ := strings.Cut(entry, "=")
		if _, twice := values[name]; twice {
			t.Errorf("%s is exported twice", name)
		}
		names, values[name] = append(names, name), value
	}
	return names, values, refused
}

const startWithEverything = `{
	"droplet": 42, "index": 0, "name": "hello", "version": "1-1", "sha1": "x", "executableUri": "u", "uris": ["hello.vcap.me"], "users": ["a@b.c"],
	"services": [{"name": "mydb", "label": "mysql-5.1", "type": "database", "vendor": "mysql", "version": "5.1", "plan": "free", "tags": ["mysql"],
		"plan_option": null, "credentials": {"hostname": "10.0.0.5", "port": 3306, "password": "it's $HOME ` + "`id`" + ` <&> \" \\"}}],
	"limits": {"mem": 256}, "runtime_info": {"name": "ruby19", "environment": {"LANG": "C", "PATH": "/opt/bin:$PATH", "NOTHING": null}},
	"env": ["FOO=bar", "SP=a b c", "SQ='single $HOME'", "DOLLAR=$HOME/x", "EMPTY=", "ME=${VCAP_APP_PORT}$NOPE!"]
}`

func TestEnvironmentHasTheOrderAndKeysOf2012(t *testing.T) {
	t.Parallel()
	names, values, refused := launched(t, startWithEverything, "/usr/bin/ruby", "/base/ruby")
	want := []string{
		"HOME", "PATH", "RUBYLIB", "VCAP_APPLICATION", "VCAP_SERVICES", "VCAP_APP_HOST", "VCAP_APP_PORT", "VCAP_DEBUG_IP", "VCAP_DEBUG_PORT",
		"VCAP_CONSOLE_IP", "VCAP_CONSOLE_PORT", "VMC_WARNING_WARNING", "VMC_SERVICES", "VMC_APP_INSTANCE", "VMC_APP_NAME", "VMC_APP_ID", "VMC_APP_VERSION",
		"VMC_APP_HOST", "VMC_APP_PORT", "VMC_MYSQL", "LANG", "NOTHING", "FOO", "SP", "SQ", "DOLLAR", "EMPTY", "ME",
	}
	if !slices.Equal(names, want) || refused != nil {
		t.Errorf("names are\n%v, refused %v, want\n%v", names, refused, want)
	}
	credentials := `{"hostname":"10.0.0.5","password":"it's $HOME ` + "`id`" + ` <&> \" \\","port":3306}`
	for name, want := range map[string]string{
		"HOME": "/base/apps/hello-0-c8b0"[:len("/base/apps/hello-0-")], // and the id, which is new each time
		"PATH": "/opt/bin:/usr/bin:" + standardPath,
		"VCAP_APPLICATION": `{"instance_id":"c8b0","instance_index":0,"name":"hello","uris":["hello.vcap.me"],"users":["a@b.c"],"version":"1-1",` +
			`"start":"2012-11-22 06:47:40 +0000","runtime":"ruby19","state_timestamp":1353566860,"port":42497,` +
			`"limits":{"fds":1024,"mem":268435456,"disk":268435456},"host":"127.0.0.1"}`,
		"VCAP_SERVICES": `{"mysql-5.1":[{"credentials":` + credentials + `,"label":"mysql-5.1","name":"mydb","plan":"free","tags":["mysql"]}]}`,
		"VMC_SERVICES":  `[{"name":"mydb","options":` + credentials + `,"tier":"free","type":"database","vendor":"mysql","version":"5.1"}]`,
		"VCAP_APP_HOST": "127.0.0.1", "VCAP_APP_PORT": "42497", "VCAP_DEBUG_PORT": "", "VCAP_CONSOLE_IP": "",
		"VMC_WARNING_WARNING": vmcWarning, "VMC_APP_NAME": "hello", "VMC_APP_ID": "c8b0", "VMC_MYSQL": "10.0.0.5:3306",
		"FOO": "bar", "SP": "a b c", "SQ": "single $HOME", "EMPTY": "", "ME": "42497!", "NOTHING": "", "LANG": "C",
	} {
		if got := values[name]; got != want && !(name == "HOME" && strings.HasPrefix(got, want)) {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
	if values["DOLLAR"] != values["HOME"]+"/x" {
		t.Errorf("DOLLAR is %q, want HOME and /x", values["DOLLAR"])
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(values["VMC_APP_INSTANCE"]), &record); err != nil || record["droplet_id"] != "42" || record["mem_quota"] != 268435456.0 || record["state"] != "STARTING" {
		t.Errorf("VMC_APP_INSTANCE is %s, %v", values["VMC_APP_INSTANCE"], err)
	}
}

func TestEnvironmentWithoutAnythingOptional(t *testing.T) {
	t.Parallel()
	_, values, _ := launched(t, `{"droplet":"x","name":"x","runtime_info":{"name":"node"},"services":{}}`, "/usr/bin/node", "")
	for name, want := range map[string]string{
		"VCAP_SERVICES": "{}", "VMC_SERVICES": "[]", "PATH": "/usr/bin:" + standardPath,
	} {
		if values[name] != want {
			t.Errorf("%s is %q, want %q", name, values[name], want)
		}
	}
	if app := values["VCAP_APPLICATION"]; strings.Contains(app, "users") || strings.Contains(app, "version") || !strings.Contains(app, `"uris":[]`) {
		t.Errorf("VCAP_APPLICATION is %s, want neither users nor version, and no URIs", app)
	}
	if _, there := values["RUBYLIB"]; there {
		t.Error("an app that is not in Ruby has a RUBYLIB")
	}
}

func TestDebuggedInstanceGetsItsModesEnvironment(t *testing.T) {
	t.Parallel()
	message := `{"droplet":"x","name":"x","debug":"run","runtime_info":{"name":"node","debug_env":{
		"run":["NODE_ARGS=\"--debug=$VCAP_DEBUG_PORT\"","broken"],"suspend":["NODE_ARGS=no"]}}}`
	_, values, refused := launched(t, message, "/usr/bin/node", "")
	if values["NODE_ARGS"] != "--debug=58608" || values["VCAP_DEBUG_IP"] != "127.0.0.1" || values["VCAP_DEBUG_PORT"] != "58608" || len(refused) != 1 {
		t.Errorf("NODE_ARGS is %q at %s:%s, refused %v", values["NODE_ARGS"], values["VCAP_DEBUG_IP"], values["VCAP_DEBUG_PORT"], refused)
	}
}

func TestRubyKeepsFindingUbygems(t *testing.T) {
	t.Parallel()
	for theirs, want := range map[string]string{
		"OTHER=x":                  "/base/ruby",
		"RUBYLIB=/mine":            "/base/ruby:/mine",
		"RUBYLIB=":                 "/base/ruby",
		"RUBYLIB=$RUBYLIB:/mine":   "/base/ruby:/mine",
		"RUBYLIB=/mine:${RUBYLIB}": "/base/ruby:/mine:/base/ruby",
	} {
		entry, err := json.Marshal(theirs)
		if err != nil {
			t.Fatal(err)
		}
		_, values, _ := launched(t, `{"droplet":"x","name":"x","runtime_info":{"name":"ruby19"},"env":[`+string(entry)+`]}`, "/usr/bin/ruby", "/base/ruby")
		if values["RUBYLIB"] != want {
			t.Errorf("with %s RUBYLIB is %q, want %q", theirs, values["RUBYLIB"], want)
		}
	}
}

func TestMalformedEntriesAreLeftOutAndNamed(t *testing.T) {
	t.Parallel()
	e := newEnvironment()
	for _, entry := range []string{"novalue", "=x", "1X=x", "A B=x", "A-B=x", "A;id=x", "GOOD=1", "NUL=a\x00b", "", "Ä=x", "_ok=2"} {
		e.add(entry)
	}
	if got := e.list(); !slices.Equal(got, []string{"GOOD=1", "_ok=2"}) || len(e.refused) != 9 {
		t.Errorf("list = %q, refused %v", got, e.refused)
	}
	if strings.Contains(strings.Join(e.refused, " "), "a\x00b") {
		t.Error("the log would show a value")
	}
}

func TestValuesAreExpandedWithoutAShell(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`plain`:                  `plain`,
		`$A`:                     `1`,
		`${A}$B-$A_`:             `12-`,
		`$A$`:                    `1$`,
		`${A`:                    `${A`,
		`${A:-x}`:                `${A:-x}`,
		`$$ $1 $? $( id ) $(id)`: `$$ $1 $? $( id ) $(id)`,
		"`id`":                   "`id`",
		`a\$A\n`:                 `a\1\n`,
		`"$A"`:                   `"1"`,
		`'$A'`:                   `$A`,
		`''`:                     ``,
		`'`:                      `'`,
		`'$A' '$B'`:              `'1' '2'`,
		`it's $A`:                `it's 1`,
		"two\nlines $A":          "two\nlines 1",
		`$SELF`:                  ``,
		`{"json":"$A"}`:          `{"json":"1"}`,
	} {
		e := newEnvironment()
		e.set("A", "1")
		e.set("B", "2")
		e.add("SELF=" + value)
		if got := e.values["SELF"]; got != want {
			t.Errorf("%s became %q, want %q", value, got, want)
		}
	}
}

func TestLaterValueWinsAndSeesTheEarlierOne(t *testing.T) {
	t.Parallel()
	e := newEnvironment()
	e.set("PATH", "/bin")
	e.addShell("PATH", `"/opt:$PATH"`)
	e.add("PATH=$PATH:/mine")
	if got := e.list(); !slices.Equal(got, []string{"PATH=/opt:/bin:/mine"}) {
		t.Errorf("list = %q", got)
	}
}

func TestHostileNamesStayInTheirDirectory(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"hello":                  "hello",
		"../../etc/passwd":       "_./.._etc_passwd",
		"":                       "_",
		"..":                     "_.",
		"-rf":                    "_rf",
		".hidden":                "_hidden",
		"a b;rm -rf /":           "a_b_rm_-rf__",
		"ünï":                    "_n_",
		"nul\x00newline\n":       "nul_newline_",
		strings.Repeat("x", 300): strings.Repeat("x", maxDirName),
	} {
		want = strings.ReplaceAll(want, "/", "_")
		if got := pathSafe(name); got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}
