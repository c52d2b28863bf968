package deacases

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/puppet"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

func launchChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "launch/port-argument", Source: "running §3.7, §10", Level: suite.Core,
			About: "startup is called with -p and the port that is registered, and nothing else",
		}, Run: launchArguments},
		{Case: suite.Case{
			Name: "launch/home", Source: "running §3.6, §3.7", Level: suite.Required,
			About: "startup runs in the instance's directory, which is HOME",
		}, Run: launchHome},
		{Case: suite.Case{
			Name: "launch/runtime-token", Source: "running §8.19, §3.4", Level: suite.Core,
			About: "every %VCAP_LOCAL_RUNTIME% in startup becomes the absolute path of the runtime's program",
		}, Run: launchToken},
		{Case: suite.Case{
			Name: "launch/startup-mode", Source: "running §3.4", Level: suite.Required,
			About: "a startup with a token has the mode 0500 afterwards",
		}, Run: launchMode},
		{Case: suite.Case{
			Name: "launch/startup-untouched", Source: "running §8.19, §3.4", Level: suite.Required,
			About: "a startup without a token keeps its text and its mode",
		}, Run: launchUntouched},
		{Case: suite.Case{
			Name: "launch/files", Source: "running §2.5, §3.3", Level: suite.Required,
			About: "the files of the droplet are there, with their modes, links and dot-files",
		}, Run: launchFiles},
		{Case: suite.Case{
			Name: "launch/dot-slash", Source: "running §3.3", Level: suite.Required,
			About: "a droplet whose entries begin with ./, as the tutorial packs it, runs",
		}, Run: launchDotSlash},
		{Case: suite.Case{
			Name: "launch/no-startup", Source: "running §3.4, §3.1", Level: suite.Required,
			About: "a droplet without a startup crashes",
		}, Run: launchNoStartup},
	}
}

func launchArguments(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	want := "-p " + wire.Show(f.route["port"])
	if got := strings.Join(f.Args, " "); got != want {
		return &suite.Mismatch{Why: "startup has other arguments", Expected: want, Seen: got}
	}
	return nil
}

func launchHome(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	if home := f.Env["HOME"]; home == "" || !samePath(home, f.Dir) {
		return &suite.Mismatch{Why: "startup runs elsewhere than at home", Expected: "HOME=" + f.Dir, Seen: "HOME=" + home}
	}
	return nil
}

// samePath compares paths where links may stand in them.
func samePath(a, b string) bool {
	x, errA := filepath.EvalSymlinks(a)
	y, errB := filepath.EvalSymlinks(b)
	return a == b || errA == nil && errB == nil && x == y
}

// tokens is what became of the two tokens in the model's startup.
func tokens(ctx context.Context, p *depot.Process) (first, second string, err error) {
	text, err := p.Read(ctx, "startup")
	if err != nil {
		return "", "", err
	}
	_, line, _ := strings.Cut(text, "\n# first: ")
	line, _, _ = strings.Cut(line, "\n")
	first, second, _ = strings.Cut(line, " second: ")
	return first, second, nil
}

// absolute reports whether a path may be that of a program.
func absolute(path string) bool { return strings.HasPrefix(path, "/") && !strings.Contains(path, "%") }

func launchToken(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	first, second, err := tokens(ctx, f.Process)
	if err != nil {
		return err
	}
	if !absolute(first) || first != second {
		return &suite.Mismatch{Why: "a token was not replaced by an absolute path", Expected: "twice the same path", Seen: first + " and " + second}
	}
	return nil
}

func launchMode(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	return hasMode(ctx, f.Process, "startup", "-r-x------")
}

// hasMode wants a file of an app to have a mode.
func hasMode(ctx context.Context, p *depot.Process, path, want string) error {
	a, err := p.Do(ctx, puppet.Order{Do: "stat", Path: path})
	if err != nil {
		return err
	}
	if a.Mode != want {
		return &suite.Mismatch{Why: path + " has another mode", Expected: want, Seen: a.Mode}
	}
	return nil
}

func launchUntouched(ctx context.Context, k *Kit) error {
	a, err := k.launch(ctx, spec{name: "untouched"})
	defer a.end(ctx)
	if err != nil {
		return err
	}
	p, err := a.process(ctx)
	if err != nil {
		return err
	}
	text, err := p.Read(ctx, "startup")
	if err != nil {
		return err
	}
	if want := k.fill(startPuppet, a.stage.URL); text != want {
		return &suite.Mismatch{Why: "startup was changed", Expected: want, Seen: text}
	}
	return hasMode(ctx, p, "startup", "-rwx------")
}

func launchFiles(ctx context.Context, k *Kit) error {
	f, err := k.theModel(ctx)
	if err != nil {
		return err
	}
	for path, want := range map[string]string{"app/hello.txt": helloText, "app/.hidden": "dot", "app/link": helloText} {
		got, err := f.Read(ctx, path)
		if err != nil {
			return err
		}
		if got != want {
			return &suite.Mismatch{Why: path + " has other content", Expected: fmt.Sprintf("%q", want), Seen: fmt.Sprintf("%q", got)}
		}
	}
	if err := hasMode(ctx, f.Process, "app/run.sh", "-rwxr-xr-x"); err != nil {
		return err
	}
	link, err := f.Do(ctx, puppet.Order{Do: "stat", Path: "app/link"})
	if err == nil && link.Text != "hello.txt" {
		err = &suite.Mismatch{Why: "app/link is no link to hello.txt any more", Expected: "hello.txt", Seen: fmt.Sprintf("%s %q", link.Mode, link.Text)}
	}
	return err
}

func launchDotSlash(ctx context.Context, k *Kit) error {
	a, err := k.start(ctx, spec{name: "slash", prefix: "./"})
	defer a.end(ctx)
	return err
}

func launchNoStartup(ctx context.Context, k *Kit) error {
	return k.crashes(ctx, spec{name: "empty", noScript: true})
}
