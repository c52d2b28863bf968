package story

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
)

// exited is the subject on which a DEA says that an instance is gone.
const exited = "droplet.exited"

// CrashError says that the app was staged but does not run.
type CrashError struct {
	App        string
	After      time.Duration // since the start message
	NeverReady bool          // it was running then, but nothing accepted connections on its port; else it ended
	Said       string        // the end of its logs
}

func (e *CrashError) Error() string {
	if e.NeverReady {
		return fmt.Sprintf("%s did not open its port: nothing accepted connections there for %s%s", e.App, elapsed(e.After), e.Said)
	}
	return fmt.Sprintf("%s ended %s after it was started%s", e.App, elapsed(e.After), e.Said)
}

// Hint says what is most often wrong.
func (e *CrashError) Hint() string {
	if e.NeverReady {
		return "an app must listen on the port of -p or $VCAP_APP_PORT, on 127.0.0.1 or all addresses"
	}
	return "`minicf doctor` says whether the runtime and its libraries are installed; a server must stay in the foreground"
}

// AnswerError says that the app runs, but what came back through the router is an error.
type AnswerError struct {
	App    string
	Status int    // of HTTP; 0 when nothing came in time
	Router bool   // the router said so, in place of the app
	Said   string // the end of its logs
}

func (e *AnswerError) Error() string {
	status := fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))
	switch {
	case e.Status == 0:
		return fmt.Sprintf("%s did not answer within %s%s", e.App, elapsed(limit), e.Said)
	case e.Router:
		return fmt.Sprintf("%s did not answer; the router did in its place, with %s%s", e.App, status, e.Said)
	}
	return fmt.Sprintf("%s answered with %s%s", e.App, status, e.Said)
}

// Hint says where the fault is.
func (e *AnswerError) Hint() string {
	return "it was staged and started, so the fault is in how the app handles GET /"
}

// ended is the error for an instance of which a DEA said that it is gone.
func (t *tale) ended(m bus.Message) error {
	return &CrashError{App: t.App.Name, After: m.Time.Sub(t.sent), Said: t.lastWords()}
}

// lastWords are the ends of the logs of the instance.
func (t *tale) lastWords() string {
	const most = 20 // lines of each
	var said strings.Builder
	for _, name := range []string{"logs/stderr.log", "logs/stdout.log", "logs/startup.log"} {
		if text, err := t.instanceFile(name); err == nil && strings.TrimSpace(text) != "" {
			lines := strings.Split(strings.TrimRight(printable(text), "\n"), "\n")
			fmt.Fprintf(&said, "\n%s:\n%s", name, strings.Join(lines[max(0, len(lines)-most):], "\n"))
		}
	}
	return said.String()
}

// instanceFile reads a file of the one instance that this sandbox has; of one that is large, the end.
func (t *tale) instanceFile(name string) (string, error) {
	const most = 16 << 10
	found, err := filepath.Glob(filepath.Join(t.DataDir, "dea", "apps", "*", filepath.FromSlash(name)))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("the instance has no %s", name)
	}
	f, err := os.Open(found[0])
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	return string(text), err
}
