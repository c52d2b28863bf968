package stagercases

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/minicf/minicf/conform/suite"
)

// scriptChecks look at the scripts of the sample.
func scriptChecks() []check {
	is := func(name, section string, level suite.Level, about, file string, run func(text string) error) check {
		return check{
			Case: suite.Case{Name: "script/" + name, Source: "staging " + section, Level: level, About: about},
			Run: func(ctx context.Context, k *Kit) error {
				f, err := k.theSample(ctx)
				if err != nil {
					return err
				}
				e, err := f.get(file)
				if err != nil {
					return err
				}
				return run(e.text)
			},
		}
	}
	startup := func(name, section string, level suite.Level, about string, run func(string) error) check {
		return is("startup-"+name, section, level, about, "startup", run)
	}
	return []check{
		startup("bash", "§3.3", suite.Core, "startup is a script of bash", matches(`\A#!/bin/bash\n`)),
		startup("runtime", "§3.3, §6 K1", suite.Core, "startup runs the app with %VCAP_LOCAL_RUNTIME%", matches(`(?m)^%VCAP_LOCAL_RUNTIME% (\./)?app\.rb `)),
		startup("arguments", "§3.3, §6 K6", suite.Core, "startup hands its arguments to the app", matches(`(?m)^%VCAP_LOCAL_RUNTIME% .*\$@`)),
		startup("directory", "§3.3", suite.Required, "the app runs in app/", matches(`(?m)^cd app$`)),
		startup("logs", "§3.3", suite.Required, "what it says goes to logs/stdout.log and logs/stderr.log", matches(`(?m)> (\.\.|\$DROPLET_BASE_DIR)/logs/stdout\.log 2> (\.\.|\$DROPLET_BASE_DIR)/logs/stderr\.log &$`)),
		startup("pid", "§3.3, §6 K7", suite.Core, "its pid is appended to run.pid", matches(`(?m)^echo "\$STARTED" >> (\.\.|\$DROPLET_BASE_DIR)/run\.pid$`)),
		startup("wait", "§3.3", suite.Core, "startup waits for the app", matches(`(?m)^wait \$STARTED\n\z`)),
		startup("tmpdir", "§3.3, §6 K4", suite.Required, "TMPDIR is tmp/", matches(`(?m)^export TMPDIR="\$PWD/tmp"$`)),
		startup("sorted", "§3.3, §6 K4", suite.Required, "variables are exported in the order of their names", scriptSorted),
		startup("no-blank-lines", "§3.3, §6 K4", suite.Required, "startup has no blank line, and ends with a newline", scriptBlanks),
		startup("unbuffered", "§3.8 (sinatra)", suite.Required, "standard output of the app is not buffered", matches(`(?m)^echo "\\\$stdout\.sync = true" >> \./ruby/stdsync\.rb$`)),
		startup("text", "§3.3, §3.8 (sinatra)", suite.Optional, "startup is the text of October 2012 or that of February 2013", scriptText),
		is("stop-kills", "§3.3", suite.Core, "stop kills the process that it is given", "stop", matches(`(?s)\$\{?1.*kill `)),
		is("stop-text", "§3.3", suite.Optional, "stop is the text of 2012", "stop", func(text string) error { return same(text, stopText) }),
	}
}

// matches wants a text in which an expression finds something.
func matches(expr string) func(string) error {
	compiled := regexp.MustCompile(expr)
	return func(text string) error {
		if !compiled.MatchString(text) {
			return &suite.Mismatch{Why: "the script has no such line", Expected: expr, Seen: text}
		}
		return nil
	}
}

func scriptSorted(text string) error {
	var exports []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "export ") {
			exports = append(exports, strings.TrimSpace(line))
		}
	}
	if len(exports) < 2 || !slices.IsSorted(exports) {
		return &suite.Mismatch{Why: "the variables are in another order, or missing", Expected: "RACK_ENV, RUBYOPT, TMPDIR", Seen: strings.Join(exports, "\n")}
	}
	return nil
}

func scriptBlanks(text string) error {
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" || !strings.HasSuffix(line, "\n") {
			return &suite.Mismatch{Why: fmt.Sprintf("there is a line %q", line), Expected: "only full lines", Seen: text}
		}
	}
	return nil
}

// The scripts of an app of Sinatra without Bundler. BASE stands for the droplet's directory, seen from app/.
const (
	startupText = `#!/bin/bash
export RACK_ENV="${RACK_ENV:-production}"
export RUBYOPT="-rubygems -I$PWD/ruby -rstdsync"
export TMPDIR="$PWD/tmp"
mkdir ruby
echo "\$stdout.sync = true" >> ./ruby/stdsync.rb
cd app
%VCAP_LOCAL_RUNTIME% app.rb $@ > BASE/logs/stdout.log 2> BASE/logs/stderr.log &
STARTED=$!
echo "$STARTED" >> BASE/run.pid
wait $STARTED
`
	stopText = `#!/bin/bash
export TMPDIR="$PWD/tmp"
APP_PID=$1
APP_PPID=` + "`ps -o ppid= -p $APP_PID`" + `
kill -9 $APP_PID
kill -9 $APP_PPID
`
)

// scriptText takes -rubygems for optional: Ruby 2.5 and later die of it.
func scriptText(text string) error {
	t1 := strings.ReplaceAll(startupText, "BASE", "..")
	t2 := strings.ReplaceAll(strings.Replace(startupText, "cd app\n", "DROPLET_BASE_DIR=$PWD\ncd app\n", 1), "BASE", "$DROPLET_BASE_DIR")
	for _, want := range []string{t1, t2} {
		if text == want || text == strings.Replace(want, "-rubygems ", "", 1) {
			return nil
		}
	}
	return same(text, t1)
}

func same(got, want string) error {
	if got == want {
		return nil
	}
	return &suite.Mismatch{Why: "the script has another text", Expected: want, Seen: got}
}
