package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/story"
)

const demoAbout = `Tell the whole story on the terminal: an app is staged, becomes a droplet, finds a DEA, runs, and answers through the router.

Everything is real, and everything is private: its own data dir and free ports, also beside a running sandbox. On a
terminal the app stays up until Ctrl-C; otherwise, and with --exit, all is stopped when the story is told. Nothing is left.`

// demoFlags are what can be said to `minicf demo`.
type demoFlags struct {
	app             string
	kind            kindFlags
	yes, exit, step bool
}

func (s *session) demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use: "demo", Short: "The tutorial from start to finish, told step by step", Long: demoAbout, Args: noArgs,
		Example: "  minicf demo\n  minicf demo --step\n  minicf demo --app apps/sinatra --exit\n  minicf demo --app . --command 'python3 web.py' --runtime python3",
	}
	s.jsonFlag(c)
	c.Flags().StringVar(&f.app, "app", "", "directory of another app (default: the sinatra sample)")
	f.kind.add(c)
	c.Flags().BoolVar(&f.yes, "yes", false, "install a missing runtime without asking")
	c.Flags().BoolVar(&f.exit, "exit", false, "stop everything when the story is told")
	c.Flags().BoolVar(&f.step, "step", false, "wait for Enter between the steps")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := demoSignals(c.Context())
		defer stop()
		s.lines = s.json
		err := s.checkDemo(c, f)
		if err == nil {
			err = s.demo(ctx, f)
		}
		return s.endOfDemo(ctx, err)
	}
	return c
}

// demoSignals returns a context that ends when the demo is told to stop. A pipe that nobody reads any more (`minicf demo |
// head`) must end in an error of Write meanwhile, not of the process: the app would outlive it.
func demoSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return ctx, func() {
		signal.Stop(broken)
		stop()
	}
}

// checkDemo refuses flags that would be without effect.
func (s *session) checkDemo(c *cobra.Command, f demoFlags) error {
	for _, name := range []string{"data-dir", "nats", "api"} {
		if c.Flags().Changed(name) {
			return &coded{
				error: fmt.Errorf("--%s means nothing to demo, which runs a sandbox of its own", name), code: exitUsage,
				hint: "`minicf up` and `minicf deploy` do the same step by step, where you want it",
			}
		}
	}
	if s.json && f.step {
		return &coded{error: errors.New("--json is for programs, and --step for people"), code: exitUsage, hint: "leave one of them out"}
	}
	return nil
}

// endOfDemo says why the demo ended.
func (s *session) endOfDemo(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	e := &coded{error: err, code: exitCode(err), hint: hintOf(err)}
	_, crashed := errors.AsType[*story.CrashError](err)
	_, failed := errors.AsType[*story.AnswerError](err)
	switch {
	case ctx.Err() != nil:
		e.code = exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		s.json = false // standard output is what is gone
		return &coded{error: errors.New("nobody reads the story any more, so it was stopped"), code: exitFailed}
	case crashed, failed:
		e.code = exitAppStart
	}
	return e
}

// demo finds out what the app is and sees to it that it can run, and tells its story.
func (s *session) demo(ctx context.Context, f demoFlags) error {
	app, dir, err := s.demoApp(ctx, f)
	if err != nil {
		return err
	}
	installed, err := s.ensureRuntime(ctx, app, f.yes)
	if err != nil {
		return err
	}
	if installed { // now there is a version to be asked for
		if app, dir, err = s.demoApp(ctx, f); err != nil {
			return err
		}
	}
	return s.tellStory(ctx, f, app, dir)
}

// demoApp is the app to tell of, and the directory it is in; none for the controller's sample.
func (s *session) demoApp(ctx context.Context, f demoFlags) (client.App, string, error) {
	const sample = "my-sinatra-app"
	if f.app == "" {
		if f.kind.given() {
			return client.App{}, "", f.kind.errNoApp()
		}
		return client.TutorialApp(sample), "", nil
	}
	dir := s.path(f.app)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return client.App{}, "", &coded{error: fmt.Errorf("%s is not a directory", f.app), code: exitNotFound}
	}
	app, err := client.DescribeDir(ctx, dir, appName(dir), f.kind.overrides(s))
	if err != nil {
		return client.App{}, "", err
	}
	if _, err := app.Properties(); err != nil {
		return client.App{}, "", &coded{error: err, code: exitUsage}
	}
	return app, dir, nil
}

// appName makes a host name of a directory's name.
func appName(dir string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, filepath.Base(dir))
	if name = strings.Trim(name, "-"); name == "" {
		return "app"
	}
	return name
}

// ensureRuntime sees to it that the app can run here: its runtime is there, or the user lets us install it.
func (s *session) ensureRuntime(ctx context.Context, app client.App, yes bool) (installed bool, err error) {
	wanted := []string{"shell"}
	for _, f := range runtimes.Families() {
		if slices.Contains(f.Runtimes, app.Runtime) || slices.Contains(f.Frameworks, app.Framework) {
			wanted = append(wanted, f.Name)
		}
	}
	families, err := chosenFamilies(wanted)
	if err != nil {
		return false, err
	}
	d := diagnose(ctx, families)
	if len(d.missing()) == 0 {
		return false, nil
	}
	return true, s.install(ctx, d, yes)
}

func (s *session) tellStory(ctx context.Context, f demoFlags, app client.App, dir string) (err error) {
	data, err := os.MkdirTemp("", "minicf-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	logFile, err := os.Create(filepath.Join(data, "minicf.log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	o := story.Options{
		App: app, AppDir: dir, DataDir: data, Out: s.out, JSON: s.json, Color: s.colored(s.out),
		Stay:     !f.exit && !s.json && s.onTerminal(),
		Settings: sandbox.Settings{Shim: s.shim, NewLog: sandbox.LogTarget{Writer: logFile, DataDir: data}.New},
	}
	if f.step {
		o.Wait = s.in
	}
	return story.Tell(ctx, o)
}

// onTerminal reports whether a person watches.
func (s *session) onTerminal() bool {
	f, ok := s.out.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
