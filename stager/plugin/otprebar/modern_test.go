package otprebar

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
)

// stage stages a release for an Erlang of today. It has a script unless files say otherwise; a text that is "none"
// leaves a file out.
func stage(t *testing.T, files map[string]string) (dest string, err error) {
	t.Helper()
	source, dest := t.TempDir(), t.TempDir()
	all := map[string]string{"releases/1/shop.rel": "{}.\n", "bin/shop": "case $1 in\n  foreground) exec x ;;\nesac\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		if text == "none" {
			continue
		}
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	props := protocol.StagingProperties{
		FrameworkInfo: framework.Info("otp_rebar"), RuntimeInfo: protocol.RuntimeInfo{Name: "erlang", Version: "25", Executable: "erl"},
	}
	return dest, plugin.Stage(t.Context(), plugin.Set{Plugin{}}, source, dest, props, plugin.Tools{})
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestModernReleaseTakesWhatTheMachineHasInTheSameVersion(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, map[string]string{
		"releases/start_erl.data": "13.1.5 1\n", "releases/1/vm.args": "-sname shop@here\n-setcookie abc\n",
		"lib/kernel-8.5.3/ebin/kernel.app": "", "lib/shop-1/ebin/shop.app": "", "lib/ssl-1;id/x": "", "etc/vmc.args": "-env SIZE $SIZE\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `#!/bin/bash
export ERL_EPMD_ADDRESS="127.0.0.1"
export PORT="$VCAP_APP_PORT"
export TMPDIR="$PWD/tmp"
ERLANG=$(dirname "$(dirname "$(readlink -f "%VCAP_LOCAL_RUNTIME%")")")
for part in erts-13.1.5 lib/kernel-8.5.3; do
  if [ -d "$ERLANG/$part" ]; then
    rm -rf "app/$part"
    ln -s "$ERLANG/$part" "app/$part"
  fi
done
cd app
echo "-env SIZE $SIZE" >>releases/1/vm.args
echo "-name erl$VCAP_APP_PORT@127.0.0.1" >>releases/1/vm.args
bin/shop foreground > ../logs/stdout.log 2> ../logs/stderr.log &
STARTED=$!
echo "$STARTED" >> ../run.pid
wait $STARTED
`
	if got := read(t, dest, "startup"); got != want {
		t.Errorf("startup is\n%s, want\n%s", got, want)
	}
	wantArgs := "-setcookie abc\n\n+B\n-noinput\n-kernel inet_dist_use_interface {127,0,0,1}\n"
	if got := read(t, dest, "app/releases/1/vm.args"); got != wantArgs {
		t.Errorf("vm.args is\n%s, want\n%s", got, wantArgs)
	}
	if info, err := os.Stat(filepath.Join(dest, "app/bin/shop")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the script is %v, %v", info, err)
	}
}

func TestModernReleaseIsStartedAsItsScriptKnows(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"case \"$1\" in\n  start|foreground)\n": "\nbin/shop foreground > ",
		"case x in\nconsole|console_clean)":     "\nbin/shop console > ",
		"exec erl # no foreground here":         "\nbin/shop > ",
		"echo 'usage: foreground (x)'\n":        "\nbin/shop > ",
	} {
		dest, err := stage(t, map[string]string{"bin/shop": script})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, dest, "startup"); !strings.Contains(got, want) {
			t.Errorf("%q: startup is\n%s, want %q", script, got, want)
		}
	}
}

func TestModernReleaseWithoutNameGetsNone(t *testing.T) {
	t.Parallel()
	dest, err := stage(t, map[string]string{"etc/vm.args": "+K true", "releases/1/vm.args": "untouched"})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, dest, "startup"); strings.Contains(got, "-name") || strings.Contains(got, "ERLANG=") {
		t.Errorf("startup is\n%s", got)
	}
	got := []string{read(t, dest, "app/etc/vm.args"), read(t, dest, "app/releases/1/vm.args")}
	if want := []string{"+K true\n\n+B\n-noinput\n", "untouched"}; !slices.Equal(got, want) {
		t.Errorf("the arguments are %q, want %q", got, want)
	}
}

func TestOfSeveralVersionsOfOneReleaseTheCurrentOneCounts(t *testing.T) {
	t.Parallel()
	files := map[string]string{"releases/2/shop.rel": "{}.\n", "releases/start_erl.data": "13.1.5 2", "releases/2/vm.args.src": "-name ${X}\n"}
	dest, err := stage(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, dest, "startup"); !strings.Contains(got, ">>releases/2/vm.args.src\n") {
		t.Errorf("startup is\n%s", got)
	}
	for name, text := range map[string]string{"releases/start_erl.data": "13.1.5 3", "bin/other": "", "releases/2/other.rel": ""} {
		files[name] = text
	}
	_, err = stage(t, files)
	if staging, ok := errors.AsType[*plugin.StagingError](err); !ok || !strings.HasPrefix(staging.Message, "Multiple Erlang releases") {
		t.Errorf("two releases: %v", err)
	}
}

func TestReleaseWithANameForTheShellIsRefused(t *testing.T) {
	t.Parallel()
	for _, files := range []map[string]string{
		{"releases/1/shop.rel": "none", "releases/1/a;id.rel": "{}", "bin/a;id": ""},
		{"releases/1/shop.rel": "none", "releases/$(id)/shop.rel": "{}"},
	} {
		_, err := stage(t, files)
		if err == nil || !strings.Contains(err.Error(), "the startup script cannot contain") {
			t.Errorf("%v: %v", files, err)
		}
	}
}
