package isolationtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
)

var starting = map[string]test{
	"the environment arrives byte for byte and nothing is inherited": startHandsOverEnvironment,
	"the arguments arrive one by one":                                startHandsOverArguments,
	"startup runs in the instance's directory with an empty input":   startInDirectory,
	"no file descriptor of the DEA is open in the instance":          startClosesFiles,
	"startup has no terminal and a group of its own":                 startMakesGroup,
	"a broken startup is a clear error":                              startRefusesBroken,
	"the context bounds the starting and nothing more":               startOutlivesContext,
	"the handle names the leader":                                    startHandle,
	"limits of files and processes are set":                          startLimits,
	"twenty instances at once":                                       startMany,
}

func startHandsOverEnvironment(t *testing.T, s *suite) {
	requireProc(t)
	spec := s.instance(t, "cat /proc/$$/environ > new && mv new environ\n")
	spec.Env = append(spec.Env,
		`VCAP_SERVICES={"redis-2.2":[{"name":"it's","credentials":{"password":"p\"a$$\\w"}}]}`,
		"LINES=first\nsecond\r\n\tthird\n",
		"DOLLAR=$HOME ${HOME} $(touch pwned) `touch pwned` !!",
		"UTF8=grüße, 世界 \xff\xfe",
		"QUOTES='\"\\'\"",
		"EQUALS=a=b==c",
		"EMPTY=",
		"SPACES=  a  b  ",
		"LARGE="+strings.Repeat("x", 100_000),
	)
	s.start(t, spec)
	if got, want := content(t, spec, "environ"), strings.Join(spec.Env, "\x00")+"\x00"; got != want {
		t.Errorf("environment = %q\nwant %q", got, want)
	}
	if exists(spec, "pwned") {
		t.Error("a value was run as a command")
	}
	bare := s.instance(t, "cat /proc/$$/environ > new && mv new environ\n")
	bare.Env = nil
	s.start(t, bare)
	if got := content(t, bare, "environ"); got != "" {
		t.Errorf("environment without any = %q, want nothing", got)
	}
}

func startHandsOverArguments(t *testing.T, s *suite) {
	for _, args := range [][]string{nil, {"-p", "41234"}, {"", "two words", "it's", `"$HOME"`, "*", "\n", "grüße"}} {
		spec := s.instance(t, `for arg in "$@"; do printf '<%s>' "$arg"; done > new; mv new args`)
		spec.Args = args
		s.start(t, spec)
		var want strings.Builder
		for _, arg := range args {
			want.WriteString("<" + arg + ">")
		}
		if got := content(t, spec, "args"); got != want.String() {
			t.Errorf("arguments = %q, want %q", got, want.String())
		}
	}
}

func startInDirectory(t *testing.T, s *suite) {
	// The zeros are more than any pipe holds: what goes to standard output must not block.
	spec := s.instance(t, "cat > input; head -c 1000000 /dev/zero; pwd -P > new; mv new cwd\n")
	s.start(t, spec)
	want, err := filepath.EvalSymlinks(spec.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, spec, "cwd"); got != want+"\n" {
		t.Errorf("working directory = %q, want %q", got, want)
	}
	if got := content(t, spec, "input"); got != "" {
		t.Errorf("standard input = %q, want nothing", got)
	}
}

func startClosesFiles(t *testing.T, s *suite) {
	requireProc(t)
	secret, err := os.Create(filepath.Join(t.TempDir(), "secret"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	inherited, err := syscall.Dup(int(secret.Fd())) // as if from a parent: Go would have it closed
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	spec := s.instance(t, "ls -l /proc/$$/fd > new; mv new open\n")
	s.start(t, spec)
	open := content(t, spec, "open")
	if !strings.Contains(open, "startup") || strings.Contains(open, secret.Name()) {
		t.Errorf("open files of startup:\n%s\nwant the script, and not %s", open, secret.Name())
	}
}

func startMakesGroup(t *testing.T, s *suite) {
	spec := s.instance(t, "ps -o pgid= -p $$ > new; ps -o tty= -p $$ >> new; mv new group; "+lasting)
	c := s.start(t, spec)
	words := strings.Fields(content(t, spec, "group"))
	if want := []string{itoa(c.Handle().PID), "?"}; len(words) != 2 || words[0] != want[0] || strings.Trim(words[1], "?-") != "" {
		t.Errorf("group and terminal = %q, want %q", words, want)
	}
}

func startRefusesBroken(t *testing.T, s *suite) {
	b := s.newBackend(t)
	for name, broken := range map[string]struct {
		prepare func(startup string) error
		want    string
	}{
		"missing":                 {os.Remove, "startup"},
		"not executable":          {func(f string) error { return os.Chmod(f, 0o644) }, "executable"},
		"a directory":             {func(f string) error { return swap(f, func() error { return os.Mkdir(f, 0o755) }) }, "not a file"},
		"without its program":     {rewrite("#!/no/such/ruby19 -w\n"), "/no/such/ruby19"},
		"from windows":            {rewrite("#!/bin/bash\r\necho\r\n"), `/bin/bash\r`},
		"neither script nor ELF":  {rewrite("hello\n"), "#!"},
		"gone with its directory": {func(f string) error { return os.RemoveAll(filepath.Dir(f)) }, "startup"},
	} {
		spec := s.instance(t, "")
		if err := broken.prepare(filepath.Join(spec.Dir, "startup")); err != nil {
			t.Fatal(err)
		}
		c, err := b.Start(t.Context(), spec)
		if err == nil {
			stop(t, c)
			t.Errorf("startup %s: started, want an error", name)
			continue
		}
		if !strings.Contains(err.Error(), spec.Dir) || !strings.Contains(err.Error(), broken.want) {
			t.Errorf("startup %s: %v\nwant an error with %q and the directory", name, err, broken.want)
		}
	}
	for _, dir := range []string{"", "relative", "/"} {
		if c, err := b.Start(t.Context(), isolation.Spec{ID: "x", Dir: dir}); err == nil {
			stop(t, c)
			t.Errorf("directory %q: started, want an error", dir)
		}
	}
}

// rewrite replaces a script by a new file, since the old one is not writable.
func rewrite(text string) func(string) error {
	return func(path string) error {
		return swap(path, func() error { return os.WriteFile(path, []byte(text), 0o755) })
	}
}

func swap(path string, create func() error) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return create()
}

func startOutlivesContext(t *testing.T, s *suite) {
	b := s.newBackend(t)
	spec := s.instance(t, serve(lasting))
	ctx, cancel := context.WithCancel(t.Context())
	c, err := b.Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	cancel()
	if app := pid(t, spec, "run.pid"); !alive(app) {
		t.Error("the app ended with the context of its start")
	}
	if c, err := b.Start(ctx, s.instance(t, "")); err == nil {
		stop(t, c)
		t.Error("started with a context that had ended, want an error")
	}
}

func startHandle(t *testing.T, s *suite) {
	b := s.newBackend(t)
	if b.Name() == "" {
		t.Error("the backend has no name")
	}
	spec := s.instance(t, "echo $$ > new; mv new leader; "+lasting)
	c := startOn(t, b, spec)
	want := isolation.Handle{ID: spec.ID, PID: pid(t, spec, "leader"), Start: c.Handle().Start, Dir: spec.Dir}
	if got := c.Handle(); got != want || got.Start == 0 {
		t.Errorf("handle = %+v, want %+v with a start time", got, want)
	}
	if exit := c.Exit(); exit != (isolation.Exit{}) {
		t.Errorf("exit of a running instance = %+v, want none", exit)
	}
}

func startLimits(t *testing.T, s *suite) {
	requireProc(t)
	// A backend may set them when startup runs already, and never higher than what the DEA has.
	spec := s.instance(t, "until [ $(ulimit -Hn) = 123 -a $(ulimit -n) = 123 -a $(ulimit -u) = 456 -a $(ulimit -f) = 7168 ]; do sleep 0.01; done\n"+
		"ulimit -v > new; mv new memory; "+lasting)
	spec.Limits = isolation.Limits{MemoryMB: 64, DiskMB: 64, FDs: 123, Processes: 400, UserProcesses: 456, FileMB: 7}
	s.start(t, spec)
	if got := content(t, spec, "memory"); got != "unlimited\n" {
		t.Errorf("limit of address space = %q, want none: it kills java and node", got)
	}
}

func startMany(t *testing.T, s *suite) {
	const many = 20
	b := s.newBackend(t)
	var specs [many]isolation.Spec
	for i := range specs {
		specs[i] = s.instance(t, serve(lasting))
	}
	var started [many]isolation.Container
	var errs [many]error
	var wg sync.WaitGroup
	for i, spec := range specs {
		wg.Go(func() { started[i], errs[i] = b.Start(t.Context(), spec) })
	}
	wg.Wait()
	var apps []int
	for i, c := range started {
		if errs[i] != nil {
			t.Errorf("instance %d: %v", i, errs[i])
			continue
		}
		t.Cleanup(func() { stop(t, c) })
		apps = append(apps, pid(t, specs[i], "run.pid"))
	}
	for i, c := range started {
		if errs[i] == nil {
			wg.Go(func() { stop(t, c) })
		}
	}
	wg.Wait()
	dead(t, apps...)
}
