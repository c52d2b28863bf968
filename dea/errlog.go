package dea

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// errLog is where an instance's users find what the DEA has done to it.
const errLog = "logs/err.log"

// appendFatal writes lines into an instance's err.log as Ruby's Logger did, whose format people's scripts know. The directory is an app's, which
// may have put a link or a pipe there: nothing outside of it is written.
func appendFatal(dir string, lines []string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Mkdir("logs", 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := root.OpenFile(errLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.New("not a file")
	}
	var text strings.Builder
	now := time.Now().Format("2006-01-02T15:04:05.000000")
	for _, line := range lines {
		fmt.Fprintf(&text, "F, [%s #%d] FATAL -- : %s\n", now, os.Getpid(), line)
	}
	_, err = f.WriteString(text.String())
	return err
}
