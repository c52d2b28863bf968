package sandbox

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/vcaplog"
)

// LogTarget says how logs look and where they go when a component's configuration names no file of its own.
type LogTarget struct {
	Writer  io.Writer
	Format  vcaplog.Format // empty: the look of 2012
	Color   bool
	DataDir string
}

// New makes the logger of a component from the logging section of its configuration. A log file is opened for good: it
// is closed by the end of the process, as those of 2012 were.
func (t LogTarget) New(component string, l config.Logging) (*slog.Logger, error) {
	level, err := vcaplog.ParseLevel(l.Level)
	if err != nil {
		return nil, fmt.Errorf("logging.level: %w", err)
	}
	w, color, format := t.Writer, t.Color, t.Format
	if format == "" {
		format = vcaplog.VCAP
	}
	if l.File != "" {
		path := l.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(t.DataDir, path)
		}
		if w, err = openLog(path); err != nil {
			return nil, fmt.Errorf("logging.file: %w", err)
		}
		color = false
	}
	// In the look of 2012 the logger's name says which component it is. Elsewhere an attribute does, and "logger" is only there where a
	// component sets it itself: JSON must not have a key twice.
	name := ""
	if format == vcaplog.VCAP {
		name = loggerName(component)
	}
	log, err := vcaplog.New(w, format, level, name, color)
	if err != nil {
		return nil, err
	}
	if format != vcaplog.VCAP {
		log = log.With("component", component)
	}
	if l.Syslog != "" {
		log.Warn("logging.syslog is not used: minicf has no syslog", "syslog", l.Syslog)
	}
	return log, nil
}

func openLog(path string) (io.Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

// loggerName is how the component of 2012 called itself in its log.
func loggerName(component string) string {
	switch component {
	case "stager":
		return "vcap.stager.server"
	case "controller":
		return "vcap.cloud_controller"
	case "router":
		return "vcap.router"
	}
	return component // the DEA was plainly "dea"
}
