package stagercases

import (
	"context"
	"fmt"
	"strings"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

const (
	unpackFailed = "Failed unpacking app"
	pluginFailed = "Staging plugin failed: "
)

func unpackChecks() []check {
	zip := depot.Zip([]depot.Entry{{Name: "app.rb", Text: sinatraApp}})
	is := func(name, about string, body []byte) check {
		return check{
			Case: suite.Case{Name: "unpack/" + name, Source: "staging §5.1 S3, §1.5", Level: suite.Required, About: about + " is \"Failed unpacking app\""},
			Run:  failing(unpackFailed, app{download: &depot.Download{Body: body}}),
		}
	}
	garbage := is("garbage", "what is no zip", []byte("garbage"))
	garbage.Level = suite.Core
	return []check{
		garbage,
		is("html", "a page that says that something is wrong", []byte("<html><body>"+strings.Repeat("Sorry! ", 500)+"</body></html>")),
		is("empty", "a zip without entries", depot.Zip(nil)),
		is("truncated", "a zip that breaks off", zip[:len(zip)/2]),
		{Case: suite.Case{
			Name: "unpack/traversal", Source: "staging §1.5, §5.1 S6", Level: suite.Required,
			About: "a zip with a name that leads out of it is \"Failed unpacking app\"",
		}, Run: unpackTraversal},
		{Case: suite.Case{
			Name: "unpack/uploads-nothing", Source: "staging §1.6", Level: suite.Required,
			About: "after a failure nothing is uploaded",
		}, Run: func(ctx context.Context, k *Kit) error {
			t, _, err := k.fail(ctx, app{download: &depot.Download{Body: []byte("garbage")}}, unpackFailed)
			if err != nil {
				return err
			}
			k.pause(ctx)
			if all := t.tray.Arrivals(); len(all) > 0 {
				return &suite.Mismatch{Why: "something was uploaded", Expected: "nothing", Seen: wire.Show(all[0].Type)}
			}
			return nil
		}},
	}
}

func pluginChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "plugin/other-framework", Source: "staging §5.1 S4", Level: suite.Core,
			About: "an app of Sinatra that is staged as one of Spring is \"Staging plugin failed\"",
		}, Run: failing(pluginFailed, framework("spring"))},
		{Case: suite.Case{
			Name: "plugin/unknown-framework", Source: "staging §3.1", Level: suite.Required,
			About: "a framework that the stager does not have is \"Staging plugin failed\"",
		}, Run: failing(pluginFailed, framework("conform_cobol"))},
		{Case: suite.Case{
			Name: "plugin/path-for-a-name", Source: "staging §6 Q6", Level: suite.Required,
			About: "a framework's name that is a path, or something for a shell, is one that the stager does not have",
		}, Run: pluginPath},
		{Case: suite.Case{
			Name: "plugin/no-start-file", Source: "staging §3.8 (sinatra)", Level: suite.Required,
			About: "an app without a file that could be started is \"Unable to determine Sinatra startup command\"",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, o, err := k.fail(ctx, app{files: []depot.Entry{{Name: "README", Text: "nothing here\n"}}}, pluginFailed)
			if err == nil && !strings.Contains(o.Text("error"), "Unable to determine Sinatra startup command") {
				err = &suite.Mismatch{Why: "the error does not say why", Expected: "Unable to determine Sinatra startup command", Seen: o.Text("error")}
			}
			return err
		}},
		{Case: suite.Case{
			Name: "plugin/error-in-log", Source: "staging §1.5", Level: suite.Required,
			About: "task_log ends with the plugin's error",
		}, Run: func(ctx context.Context, k *Kit) error {
			_, o, err := k.fail(ctx, app{files: []depot.Entry{{Name: "README", Text: "nothing here\n"}}}, pluginFailed)
			if err == nil && !strings.Contains(o.Text("task_log"), "] "+pluginFailed) {
				err = &suite.Mismatch{Why: "the log does not say why", Expected: "[…] " + pluginFailed + "…", Seen: o.Text("task_log")}
			}
			return err
		}},
	}
}

// unpackTraversal: the unzip of 2012 took the ../ away, and unpacked the rest.
func unpackTraversal(ctx context.Context, k *Kit) error {
	t := k.task(app{files: []depot.Entry{{Name: "app.rb", Text: sinatraApp}, {Name: "../evil", Text: "evil"}}})
	o, err := t.reply(ctx)
	if err != nil {
		return err
	}
	if _, failed := o["error"]; failed {
		if !strings.HasPrefix(o.Text("error"), prefix+unpackFailed) {
			return &suite.Mismatch{Why: "another error", Expected: prefix + unpackFailed, Seen: o.Text("error")}
		}
		return nil
	}
	entries, names, err := t.droplet(ctx)
	if err != nil {
		return err
	}
	if _, inside := entries["app/evil"]; !inside {
		return &suite.Mismatch{Why: "the file has gone somewhere else", Expected: "an error, or app/evil", Seen: strings.Join(names, "\n")}
	}
	return &suite.Known{What: "a name that leads out of the zip is taken for one inside"}
}

func framework(name string) app {
	return app{props: wire.Object{"framework_info": wire.Object{"name": name, "runtimes": []any{}, "detection": []any{}}}}
}

// pluginPath tries names that are more than names. In 2012 a shell read them, which then did something, if not much.
func pluginPath(ctx context.Context, k *Kit) error {
	for _, name := range []string{"../sinatra", "/etc/passwd", "sinatra; true", "$(echo sinatra)"} {
		o, err := k.task(framework(name)).reply(ctx)
		if err != nil {
			return err
		}
		text := o.Text("error")
		switch {
		case strings.HasPrefix(text, prefix+pluginFailed):
		case text == "", strings.HasPrefix(text, prefix+"Failed creating droplet"):
			return &suite.Known{What: fmt.Sprintf("the framework %q goes through a shell", name)}
		default:
			return &suite.Mismatch{Why: "another error", Expected: wire.Show(prefix + pluginFailed), Seen: o.String()}
		}
	}
	return nil
}
