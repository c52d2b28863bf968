package stager

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

// sinatraLog is the task log of the tutorial.
func sinatraLog() []string {
	return []string{
		"Setting up temporary directories",
		"Downloading application",
		"Unpacking application",
		"Staging application",
		"# Logfile created on ",
		"Auto-reconfiguration disabled because app does not use Bundler.",
		"Please provide a Gemfile.lock to use auto-reconfiguration.",
		"Creating droplet",
		"Uploading droplet",
		"Done!",
	}
}

// sameLines compares task logs whose header line, with its time and version, differs each time.
func sameLines(t *testing.T, log string, want []string) {
	t.Helper()
	got := lines(t, log)
	for i, line := range got {
		if strings.HasPrefix(line, "# Logfile created on ") {
			got[i] = "# Logfile created on "
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("task log has the lines\n%s\nwant\n%s", quoted(got), quoted(want))
	}
}

func TestSinatraAppBecomesADroplet(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, newZip(t, file{"app.rb", sinatraApp, 0o644}, file{".hidden", "x", 0o644}))
	c.password = "sekret"
	rep := ask(t, b, c.request("my-sinatra-app", "sinatra"))
	if rep.Error != "" {
		t.Fatalf("error = %q, want none", rep.Error)
	}
	if len(rep.TaskID) != 32 || strings.Trim(rep.TaskID, "0123456789abcdef") != "" {
		t.Errorf("task id = %q, want 32 hex digits", rep.TaskID)
	}
	sameLines(t, rep.TaskLog, sinatraLog())
	want := []string{"app/", "app/.hidden", "app/app.rb", "logs/", "logs/staging.log", "startup", "stop", "tmp/"}
	if got := entries(t, c.droplet("my-sinatra-app")); !slices.Equal(got, want) {
		t.Errorf("droplet holds %q, want %q", got, want)
	}
	if left := workspaces(t, cfg); len(left) > 0 {
		t.Errorf("%q are left in the directory for workspaces", left)
	}
}

func TestFailingStepIsNamedInTheError(t *testing.T) {
	t.Parallel()
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	upTo := func(line string) []string {
		all := slices.DeleteFunc(sinatraLog(), func(l string) bool { return l == line && line == "" })
		return all[:slices.Index(all, line)+1]
	}
	for name, test := range map[string]struct {
		spoil func(*fakeController, *protocol.StagingRequest)
		want  string // the error, behind its first line
		lines []string
	}{
		"the app is not there": {
			func(c *fakeController, _ *protocol.StagingRequest) { c.apps[""] = nil },
			"Failed downloading app: 404 Not Found", upTo("Downloading application"),
		},
		"the app is not a zip": {
			func(c *fakeController, _ *protocol.StagingRequest) { c.apps[""] = []byte("garbage") },
			"Failed unpacking app: not a zip archive", upTo("Unpacking application"),
		},
		"the controller wants another password": {
			func(c *fakeController, r *protocol.StagingRequest) {
				r.DownloadURI = strings.Replace(r.DownloadURI, "sekret", "wrong", 1)
			},
			"Failed downloading app: 401 Unauthorized", upTo("Downloading application"),
		},
		"the upload is refused": {
			func(c *fakeController, r *protocol.StagingRequest) {
				r.UploadURI = strings.Replace(r.UploadURI, "sekret", "wrong", 1)
			},
			"Failed uploading droplet: 401 Unauthorized", upTo("Uploading droplet"),
		},
		"the upload goes nowhere": {
			func(c *fakeController, r *protocol.StagingRequest) { r.UploadURI = "nowhere" },
			`Failed uploading droplet: the URI has the scheme "", want http or https`, upTo("Uploading droplet"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newController(t, sinatraZip(t))
			c.password = "sekret"
			r := c.request("app", "sinatra")
			test.spoil(c, &r)
			rep := ask(t, b, r)
			if want := "Staging task failed:\n " + test.want; rep.Error != want {
				t.Errorf("error = %q, want %q", rep.Error, want)
			}
			sameLines(t, rep.TaskLog, test.lines)
			if c.droplet("app") != nil {
				t.Error("a droplet was uploaded")
			}
			if left := workspaces(t, cfg); len(left) > 0 {
				t.Errorf("%q are left in the directory for workspaces", left)
			}
		})
	}
}

// TestRecordedRequestIsAnsweredAsRecorded replays what was recorded between the original stager and its client.
func TestRecordedRequestIsAnsweredAsRecorded(t *testing.T) {
	t.Parallel()
	recorded := recordedTraffic(t)
	request, reply := recorded["staging"], recorded["_INBOX"]
	b, cfg := bustest.New(t), testConfig(t)
	startStager(t, newStager(t, b, builtin.Set(), cfg))
	c := newController(t, sinatraZip(t))
	request = bytes.ReplaceAll(request, []byte("http://localhost:9292"), []byte(c.URL))

	got := rawAsk(t, b, request)
	if want := keys(t, reply); !slices.Equal(keys(t, got), want) {
		t.Errorf("reply has the keys %q, the recorded one %q", keys(t, got), want)
	}
	var ours, theirs protocol.StagingReply
	if err := json.Unmarshal(got, &ours); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply, &theirs); err != nil {
		t.Fatal(err)
	}
	sameLines(t, theirs.TaskLog, sinatraLog())
	sameLines(t, ours.TaskLog, sinatraLog())
	if len(ours.TaskID) != len(theirs.TaskID) {
		t.Errorf("task id = %q, recorded was %q", ours.TaskID, theirs.TaskID)
	}
}

// recordedTraffic returns the payloads by subject; inboxes are all one.
func recordedTraffic(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	data, err := os.ReadFile("testdata/v1-staging.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	payloads := map[string]json.RawMessage{}
	for line := range bytes.Lines(data) {
		var m struct {
			Subject string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatal(err)
		}
		subject, _, _ := strings.Cut(m.Subject, ".7")
		payloads[subject] = m.Payload
	}
	return payloads
}

// keys returns an object's keys in the order in which they stand.
func keys(t *testing.T, object []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, key.(string))
		var value any
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// rawAsk sends bytes on `staging` and returns the one answer, as bytes.
func rawAsk(t *testing.T, b *bus.Bus, payload []byte) []byte {
	t.Helper()
	inbox := "_INBOX." + bus.Hex(8)
	answers := make(chan []byte, 2)
	sub, err := b.Tap(inbox, func(m bus.Message) { answers <- m.Payload })
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Stop()
	if err := b.PublishRaw("staging", inbox, payload); err != nil {
		t.Fatal(err)
	}
	return <-answers
}
