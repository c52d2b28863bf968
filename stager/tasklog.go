package stager

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

const (
	// logTime is the local time in the task log, without a zone.
	logTime = "2006-01-02 15:04:05"
	// maxStagingLog is how much of a plugin's log the user is shown, in bytes.
	maxStagingLog = 256 << 10
	// maxShown is how much of what a plugin's tools print the user is shown, in bytes.
	maxShown = 256 << 10
)

// taskLog is what the user reads of a task, one line a step:
//
//	[2012-11-13 22:13:08] Downloading application
//
// Each line also goes to the component's log, as vcap.stager.task at the same level.
type taskLog struct {
	log  *slog.Logger
	tell func(line string) // whoever follows the staging; nil is nobody

	mu    sync.Mutex // plugins show lines while the task may end without them
	text  strings.Builder
	shown int // bytes, by show
	cut   atomic.Bool
}

func (l *taskLog) info(line string) { l.add(slog.LevelInfo, line) }
func (l *taskLog) warn(line string) { l.add(slog.LevelWarn, line) }

func (l *taskLog) add(level slog.Level, line string) {
	l.mu.Lock()
	l.text.WriteString(time.Now().Format("[" + logTime + "] "))
	l.text.WriteString(line)
	l.text.WriteByte('\n')
	l.mu.Unlock()
	l.log.Log(context.Background(), level, line)
	if l.tell != nil {
		l.tell(line)
	}
}

// show is info for what a plugin's tools print, of which there is no end in sight.
func (l *taskLog) show(line string) {
	l.mu.Lock()
	shown := l.shown
	l.shown += len(line) + 1
	l.mu.Unlock()
	switch {
	case shown < maxShown:
		l.info(line)
	case !l.cut.Swap(true):
		l.info("(the rest is not shown here)")
	}
}

// String is all of it.
func (l *taskLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// copyStagingLog adds what the plugin logged, logs/staging.log below dir, line by line. The lines bear the time of now, not that
// at which they were written, as in 2012. A plugin that logged nothing leaves no file.
func (l *taskLog) copyStagingLog(dir string) error {
	text, err := readStagingLog(dir)
	if err != nil || text == "" {
		return err
	}
	for line := range strings.Lines(text) {
		l.info(strings.TrimRight(line, "\r\n"))
	}
	return nil
}

func readStagingLog(dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	info, err := root.Stat(droplet.StagingLog)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil || !info.Mode().IsRegular() { // reading a fifo would never end
		return "", err
	}
	f, err := root.Open(droplet.StagingLog)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxStagingLog))
	if err == nil && info.Size() > maxStagingLog {
		text = append(text, "\n(the rest of the log is in the droplet)\n"...)
	}
	return string(text), err
}

// teller sends the lines of a task as they come (minicf.log). A task of no app has nobody who could follow it.
func (s *Stager) teller(t *task) func(line string) {
	if t.request.AppID == "" {
		return nil
	}
	return func(line string) {
		err := bus.Publish(s.bus, protocol.AppLog, protocol.LogLine{
			App: t.request.AppID, Source: protocol.LogStaging, Instance: "0", Stream: "OUT", Time: time.Now().UnixNano(), Text: line,
		})
		if err != nil {
			s.log.Debug("line was not sent", "task_id", t.id, "error", err) // the reply has it, too
		}
	}
}
