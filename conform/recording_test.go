package conform_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/conform/wire"
)

// recording is what the originals said on the bus when they were recorded: for each subject the first message, under "answer SUBJECT"
// the first answer to it. Those that have more than one form have a name for the other.
type recording map[string]wire.Object

// readRecording reads traffic that is recorded as a line for each message.
func readRecording(t *testing.T, name string) recording {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, asked := recording{}, map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct {
			Subject string
			Reply   string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		asked[m.Reply] = m.Subject
		o, err := wire.Parse(m.Payload)
		if err != nil {
			continue // "{oops", or nothing at all
		}
		r.keep(m.Subject, asked[m.Subject], o)
	}
	return r
}

func (r recording) keep(subject, question string, o wire.Object) {
	kind := subject
	if question != "" {
		kind = "answer " + question
	}
	switch {
	case o["stats"] != nil:
		kind += " with stats"
	case o.Text("reason") != "":
		kind += " " + o.Text("reason")
	case subject == "vcap.component.announce":
		kind += " " + o.Text("type")
	}
	if r[kind] == nil {
		r[kind] = o
	}
}
