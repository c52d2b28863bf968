package stager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// secureConfig is testConfig with secure: true, on a machine that has what it takes.
func secureConfig(tb testing.TB) Config {
	tb.Helper()
	testkit.RequireTool(tb, "bash")
	cfg := testConfig(tb)
	shim, err := confine.Enter(os.Args)
	if err != nil {
		tb.Fatal(err)
	}
	cfg.Secure, cfg.Shim = true, shim
	if confine.Version() == 0 {
		tb.Skip("SKIP: this machine has no Landlock")
	}
	return cfg
}

func TestSecureIsRefusedWhereItCannotBeHad(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Secure = true // without a shim
	_, err := New(bustest.New(t), builtin.Set(), cfg, slog.New(slog.DiscardHandler))
	insecure, ok := errors.AsType[*InsecureError](err)
	if !ok || !strings.Contains(err.Error(), "secure: true: this ") || !strings.Contains(insecure.Hint(), "secure: false") {
		t.Errorf("error = %v, want one that tells why and what to do", err)
	}
}

func TestToolMayNotReadWhatHoldsTheOtherStagings(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	own, cache := filepath.Join(tmp, "own"), t.TempDir()
	c := &confinement{tmp: tmp}
	for path, want := range map[string]bool{"/": false, filepath.Dir(tmp): false, tmp: false, filepath.Join(tmp, "other"): false, cache: true} {
		got := c.rights(&exec.Cmd{Path: "/bin/true"}, own, plugin.Access{Read: []string{path}}).Read
		if slices.Contains(got, path) != want {
			t.Errorf("a tool that is to read %s may read %q", path, got)
		}
	}
}

// Each of the two looks at the other's files while both are staged. Not secure, they see them: that is what the test can fail by.
func TestAppsStagedAtTheSameTimeNeverSeeEachOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config func(testing.TB) Config
		want   string
	}{
		"secure":     {secureConfig, "list no, read no, write no, remove no"},
		"not secure": {testConfig, "list yes, read yes, write yes, remove yes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testkit.RequireTool(t, "bash")
			var met meeting
			seen := make(chan string, 2)
			b := bustest.New(t)
			startStager(t, newStager(t, b, with(func(ctx context.Context, w *plugin.Workspace) error {
				if err := os.WriteFile(filepath.Join(w.AppDir(), "secret"), []byte("password"), 0o644); err != nil {
					return err
				}
				other, err := met.meet(ctx, w.AppDir())
				if err != nil {
					return err
				}
				out, err := w.RunTool(ctx, nil, "bash", "-c", `
					try() { "${@:2}" > /dev/null 2>&1 && echo -n "$1 yes" || echo -n "$1 no"; }
					try list ls "$0"; try ', read' cat "$0/secret"; try ', write' touch "$0/new"; try ', remove' rm "$0/app.rb"`, other)
				seen <- string(out)
				_, last := met.meet(ctx, "") // nobody leaves while the other looks
				return errors.Join(err, last)
			}), c.config(t)))
			controller := newController(t, sinatraZip(t))
			var both sync.WaitGroup
			for _, id := range []string{"one", "two"} {
				both.Go(func() {
					if rep := ask(t, b, controller.request(id, "fake")); rep.Error != "" {
						t.Errorf("%s: %s", id, rep.Error)
					}
				})
			}
			for range 2 {
				if got := <-seen; got != c.want {
					t.Errorf("of the other it could: %s, want %s", got, c.want)
				}
			}
			both.Wait()
		})
	}
}

// meeting is where two stagings wait for each other, any number of times.
type meeting struct {
	mu      sync.Mutex
	waiting chan string // of who came first; nil while nobody is here
	mine    string
}

// meet waits for the other and returns what it brought.
func (m *meeting) meet(ctx context.Context, mine string) (other string, err error) {
	m.mu.Lock()
	if first := m.waiting; first != nil {
		other, m.waiting = m.mine, nil
		m.mu.Unlock()
		first <- mine
		return other, nil
	}
	second := make(chan string, 1)
	m.waiting, m.mine = second, mine
	m.mu.Unlock()
	select {
	case other = <-second:
		return other, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// say runs a script as a tool of a staging, and returns what it prints.
func say(t *testing.T, cfg Config, script string, change ...func(*protocol.StagingRequest)) string {
	t.Helper()
	b := bustest.New(t)
	said := make(chan string, 1)
	stop := startStager(t, newStager(t, b, with(func(ctx context.Context, w *plugin.Workspace) error {
		out, err := w.RunTool(ctx, nil, "bash", "-c", script, filepath.Dir(w.Dest))
		said <- string(out)
		return err
	}), cfg))
	r := newController(t, sinatraZip(t)).request("app", "fake")
	for _, c := range change {
		c(&r)
	}
	if rep := ask(t, b, r); rep.Error != "" {
		t.Errorf("%s: %s", script, rep.Error)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	return <-said
}

func TestSecureToolUsesItsWorkspaceAndNothingElse(t *testing.T) {
	t.Parallel()
	secureConfig(t)
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.WriteFile(foreign, []byte("password"), 0o644); err != nil {
		t.Fatal(err)
	}
	for script, want := range map[string]string{
		"cat app.rb | head -1":                                           "require 'sinatra'",
		`f=$(mktemp) && echo text > "$f" && cat "$f"`:                    "text",
		`echo text > made && mv made ../logs && ls ../logs`:              "made",
		"ls /usr > /dev/null && echo programs":                           "programs",
		"cat " + foreign + " || echo refused":                            "refused",
		"echo x >> " + foreign + " || echo refused":                      "refused",
		"touch /tmp/minicf-was-here || echo refused":                     "refused",
		"cat /etc/shadow || echo refused":                                "refused",
		fmt.Sprintf("kill -0 %d || echo refused", os.Getpid()):           "refused",
		fmt.Sprintf("cat /proc/%d/environ || echo refused", os.Getpid()): "refused",
		"grep NoNewPrivs /proc/self/status":                              "NoNewPrivs:\t1",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(script, "kill") && confine.Version() < 6 {
				t.Skip("SKIP: this Landlock knows nothing of signals")
			}
			if got := say(t, secureConfig(t), "{ "+script+"; } 2> /dev/null"); !strings.Contains(got, want) {
				t.Errorf("it said %q, want %q", got, want)
			}
		})
	}
}

// A request may name programs and buildpacks by their paths.
func TestSecureToolIsNeverGivenAnotherStagingsFiles(t *testing.T) {
	t.Parallel()
	cfg := secureConfig(t)
	c, err := newConfinement(cfg)
	if err != nil {
		t.Fatal(err)
	}
	mine, other := filepath.Join(cfg.Dirs.Tmp, "mine"), filepath.Join(cfg.Dirs.Tmp, "other")
	cmd := &exec.Cmd{Path: filepath.Join(other, "opt", "bin", "ruby"), Dir: mine, Env: []string{"PATH=" + filepath.Join(other, "bin") + ":/usr/bin"}}
	got := c.rights(cmd, mine, plugin.Access{Read: []string{other, filepath.Dir(cfg.Dirs.Tmp), "/opt/pack"}})
	if slices.ContainsFunc(got.Read, func(path string) bool { return strings.HasPrefix(path, filepath.Dir(cfg.Dirs.Tmp)) }) || !slices.Contains(got.Read, "/opt/pack") {
		t.Errorf("it reads %q", got.Read)
	}
	if !slices.Equal(got.Write, []string{mine}) {
		t.Errorf("it writes %q", got.Write)
	}
}

func TestToolsHaveACleanEnvironmentInTheirWorkspace(t *testing.T) {
	t.Setenv("MINICF_TEST_SECRET", "password")
	for name, config := range map[string]func(testing.TB) Config{"secure": secureConfig, "not secure": testConfig} {
		t.Run(name, func(t *testing.T) {
			testkit.RequireTool(t, "bash")
			got := strings.Fields(say(t, config(t), `
				[ "$HOME" = "$0/scratch" ] && echo home; [ "$TMPDIR" = "$0/scratch" ] && echo tmpdir
				[ "$(cut -d' ' -f5 /proc/$$/stat)" = $$ ] && echo group; env | sed 's/=.*//' | sort`))
			want := []string{"home", "tmpdir", "group", "HOME", "LANG", "PATH", "PWD", "SHLVL", "TMPDIR", "_"}
			if !slices.Equal(got, want) {
				t.Errorf("the tool has %q, want %q", got, want)
			}
		})
	}
}
