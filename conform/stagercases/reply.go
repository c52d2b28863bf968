package stagercases

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

func replyChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "reply/succeeds", Source: "staging §5.1 S1", Level: suite.Core,
			About: "an app is downloaded, staged and uploaded, and the reply has no error",
		}, Run: func(ctx context.Context, k *Kit) error {
			t, _, err := k.stage(ctx, app{})
			if err != nil {
				return err
			}
			_, err = t.upload(ctx)
			return err
		}},
		{Case: suite.Case{
			Name: "reply/shape", Source: "staging §1.5", Level: suite.Core,
			About: "the reply to a success has task_id, 32 hex digits, and task_log, and no key error",
		}, Run: replyShape},
		{Case: suite.Case{
			Name: "reply/failure-shape", Source: "staging §1.5", Level: suite.Core,
			About: "the reply to a failure has task_id, task_log and error, which begins with \"Staging task failed:\\n \"",
		}, Run: replyFailureShape},
		{Case: suite.Case{
			Name: "reply/once", Source: "staging §1.5, §6 K2", Level: suite.Required,
			About: "a request is answered once",
		}, Run: replyOnce},
		{Case: suite.Case{
			Name: "reply/task-ids", Source: "staging §1.5", Level: suite.Required,
			About: "each task has an id of its own",
		}, Run: replyTaskIDs},
		{Case: suite.Case{
			Name: "reply/after-the-upload", Source: "staging §1.6", Level: suite.Core,
			About: "the droplet has arrived when the reply comes",
		}, Run: replyAfterUpload},
		{Case: suite.Case{
			Name: "reply/nobody-waits", Source: "staging §1.5", Level: suite.Required,
			About: "a request without a reply subject is staged all the same",
		}, Run: replyNobody},
		{Case: suite.Case{
			Name: "reply/several-at-once", Source: "staging §1.2, §1.6", Level: suite.Required,
			About: "requests that come at the same time are each staged and answered",
		}, Run: replySeveral},
	}
}

func replyShape(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	return wire.Shape{{Key: "task_id", Kind: wire.Hex(32)}, {Key: "task_log", Kind: wire.Text()}}.Check("the reply", f.said)
}

func replyFailureShape(ctx context.Context, k *Kit) error {
	f, err := k.theFailure(ctx)
	if err != nil {
		return err
	}
	return wire.Shape{
		{Key: "task_id", Kind: wire.Hex(32)}, {Key: "task_log", Kind: wire.Text()},
		{Key: "error", Kind: wire.Matching(wire.Show(prefix+"…"), "^"+regexp.QuoteMeta(prefix)+".")},
	}.Check("the reply", f.said)
}

func replyOnce(ctx context.Context, k *Kit) error {
	t, _, err := k.stage(ctx, app{})
	if err != nil {
		return err
	}
	k.pause(ctx)
	if all := t.asked.Answers(); len(all) != 1 {
		return &suite.Mismatch{Why: fmt.Sprintf("there were %d replies", len(all)), Expected: "one", Seen: wire.Lines(all)}
	}
	return nil
}

func replyTaskIDs(ctx context.Context, k *Kit) error {
	_, first, err := k.stage(ctx, app{})
	if err != nil {
		return err
	}
	_, second, err := k.stage(ctx, app{})
	if err != nil {
		return err
	}
	if first.Text("task_id") == second.Text("task_id") {
		return &suite.Mismatch{Why: "two tasks have the same id", Expected: "two ids", Seen: first.Text("task_id")}
	}
	return nil
}

func replyAfterUpload(ctx context.Context, k *Kit) error {
	t, _, err := k.stage(ctx, app{})
	if err == nil && len(t.tray.Arrivals()) == 0 {
		err = &suite.Mismatch{Why: "the reply came before the droplet", Expected: "an upload", Seen: "nothing"}
	}
	return err
}

func replyNobody(ctx context.Context, k *Kit) error {
	t := k.task(app{})
	if err := k.wire.Send(k.Queue, t.request); err != nil {
		return err
	}
	_, err := t.upload(ctx)
	return err
}

func replySeveral(ctx context.Context, k *Kit) error {
	var tasks []*task
	for i := range 5 {
		t := k.task(app{files: []depot.Entry{{Name: "app.rb", Text: sinatraApp}, {Name: "which", Text: fmt.Sprint(i)}}})
		if err := t.send(); err != nil {
			return err
		}
		tasks = append(tasks, t)
	}
	for i, t := range tasks {
		o, err := t.reply(ctx)
		if err != nil {
			return err
		}
		entries, _, err := t.droplet(ctx)
		if err != nil {
			return fmt.Errorf("%w (%s)", err, o)
		}
		if got := entries["app/which"].text; got != fmt.Sprint(i) {
			return &suite.Mismatch{Why: "an app has become the droplet of another", Expected: fmt.Sprint(i), Seen: got}
		}
	}
	return nil
}

func logChecks() []check {
	return []check{
		{Case: suite.Case{
			Name: "log/steps", Source: "staging §1.6, §6 K3", Level: suite.Core,
			About: "task_log has a line for each step, in their order, and Done! at the end",
		}, Run: logSteps},
		{Case: suite.Case{
			Name: "log/format", Source: "staging §1.6, §6 K3", Level: suite.Required,
			About: "each line is [YYYY-MM-DD HH:MM:SS] and text, and ends with a newline",
		}, Run: logFormat},
		{Case: suite.Case{
			Name: "log/plugin", Source: "staging §1.6, §6 K3", Level: suite.Required,
			About: "what the plugin logs stands below its step",
		}, Run: logPlugin},
		{Case: suite.Case{
			Name: "log/plugin-header", Source: "staging §1.6, §6 K3", Level: suite.Optional,
			About: "the plugin's log begins with \"# Logfile created on\", as in the tutorial",
		}, Run: logHeader},
		{Case: suite.Case{
			Name: "log/failure", Source: "staging §1.5", Level: suite.Required,
			About: "the last line of a task that failed is the step at which it did",
		}, Run: logFailure},
	}
}

// lines are those of a task log, without their times.
func lines(o wire.Object) []string {
	var all []string
	for line := range strings.Lines(o.Text("task_log")) {
		_, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "] ")
		all = append(all, text)
	}
	return all
}

func steps() []string {
	return []string{
		"Setting up temporary directories", "Downloading application", "Unpacking application", "Staging application",
		"Creating droplet", "Uploading droplet", "Done!",
	}
}

func logSteps(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	want := steps()
	for _, line := range lines(f.said) {
		if len(want) > 0 && line == want[0] {
			want = want[1:]
		}
	}
	all := lines(f.said)
	if len(want) > 0 || all[len(all)-1] != "Done!" {
		return &suite.Mismatch{Why: "not every step has its line, in its place", Expected: strings.Join(steps(), "\n"), Seen: f.said.Text("task_log")}
	}
	return nil
}

func logFormat(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	form := regexp.MustCompile(`^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] .+\n$`)
	for line := range strings.Lines(f.said.Text("task_log")) {
		if !form.MatchString(line) {
			return &suite.Mismatch{Why: "a line of another form", Expected: `"[YYYY-MM-DD HH:MM:SS] text\n"`, Seen: wire.Show(line)}
		}
	}
	return nil
}

// pluginLines are those between the step of the plugin and the next.
func pluginLines(o wire.Object) []string {
	_, after, _ := strings.Cut(strings.Join(lines(o), "\n"), "Staging application\n")
	between, _, _ := strings.Cut(after, "Creating droplet")
	return strings.Split(strings.TrimSuffix(between, "\n"), "\n")
}

func logPlugin(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	want := "Auto-reconfiguration disabled because app does not use Bundler.\nPlease provide a Gemfile.lock to use auto-reconfiguration."
	if got := strings.Join(pluginLines(f.said), "\n"); !strings.HasSuffix(got, want) {
		return &suite.Mismatch{Why: "the plugin's log is not there", Expected: want, Seen: got}
	}
	return nil
}

func logHeader(ctx context.Context, k *Kit) error {
	f, err := k.theSample(ctx)
	if err != nil {
		return err
	}
	if got := pluginLines(f.said)[0]; !strings.HasPrefix(got, "# Logfile created on ") {
		return &suite.Mismatch{Why: "another first line", Expected: "# Logfile created on …", Seen: got}
	}
	return nil
}

func logFailure(ctx context.Context, k *Kit) error {
	f, err := k.theFailure(ctx)
	if err != nil {
		return err
	}
	want := "Setting up temporary directories\nDownloading application"
	if got := strings.Join(lines(f.said), "\n"); got != want {
		return &suite.Mismatch{Why: "another log", Expected: want, Seen: got}
	}
	return nil
}
