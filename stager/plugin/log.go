package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/minicf/minicf/droplet"
)

// Log is what a plugin tells the app's owner: logs/staging.log, one message a line. The stager copies it into the task's
// log. The file is made by the first message. A Log is not for several goroutines.
type Log struct {
	root *os.Root // the droplet's directory
	text Text
	now  func() time.Time
	err  error
}

// Info adds a message.
func (l *Log) Info(message string) { l.add(message) }

// Warn adds a message about something that the owner may not expect. The file does not show the difference.
func (l *Log) Warn(message string) { l.add(message) }

// Err is the first error that kept a message from being written.
func (l *Log) Err() error { return l.err }

func (l *Log) add(message string) {
	if l.err != nil {
		return
	}
	if l.text == T2 {
		message = strings.ReplaceAll(message, "\n", `\n`)
	}
	if err := l.write(message + "\n"); err != nil {
		l.err = fmt.Errorf("write %s: %w", droplet.StagingLog, err)
	}
}

func (l *Log) write(line string) error {
	f, err := l.root.OpenFile(droplet.StagingLog, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = l.create()
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// create makes the file. The first line is the one that Ruby 1.9.3's Logger wrote about itself; 31641 was the revision
// of logger.rb. The logger of T2 was another one.
func (l *Log) create() (*os.File, error) {
	f, err := l.root.OpenFile(droplet.StagingLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	err = f.Chmod(0o644) // the mode above is subject to the umask
	if err == nil && l.text == T1 {
		_, err = fmt.Fprintf(f, "# Logfile created on %s by logger.rb/31641\n", l.now().Format("2006-01-02 15:04:05 -0700"))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
