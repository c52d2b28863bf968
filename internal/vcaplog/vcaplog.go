// Package vcaplog makes the loggers of minicf: in the look of 2012, as lines for people, or as JSON.
//
// In goes a [log/slog] record, out comes one line. The look of 2012 is the one of the vcap_logging gem, which every
// component of Cloud Foundry v1 wrote and foreman showed:
//
//	[2012-11-13 22:12:33.985133] vcap.stager.server - pid=24244 tid=a6d4 fid=c693   INFO -- Subscribed to staging
//
// Scripts of the time grep for such lines, and the tutorial prints them, so the components log like this by default.
package vcaplog

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// Format is the look of the lines, as `--log-format` names it.
type Format string

// The formats.
const (
	VCAP Format = "vcap" // the look of 2012
	Text Format = "text" // short lines for people, coloured on a terminal
	JSON Format = "json" // one JSON object a line
)

// ParseFormat returns the Format of a name: vcap, text or json.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case VCAP, Text, JSON:
		return f, nil
	}
	return "", fmt.Errorf("unknown log format %q: want vcap, text or json", name)
}

// New returns a logger that writes records of the level and above to w, each with one Write.
//
// name is the logger's name (`vcap.stager.server`). A logger made with .With("logger", other) has that name instead.
// Where there is neither, the look of 2012 uses the attribute "component". color is for the format Text alone; see
// ColorWanted. A nil level means info. The error is about an unknown format.
func New(w io.Writer, format Format, level slog.Leveler, name string, color bool) (*slog.Logger, error) {
	if level == nil {
		level = LevelInfo
	}
	switch format {
	case VCAP:
		return slog.New(NewHandler(w, level, name)), nil
	case Text:
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly + ".000", NoColor: !color, ReplaceAttr: dropLogger})), nil
	case JSON:
		log := slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: nameLevel}))
		if name != "" {
			log = log.With("logger", name)
		}
		return log, nil
	}
	_, err := ParseFormat(string(format))
	return nil, err
}

// ColorWanted reports whether lines written to w should be coloured: w is a terminal, NO_COLOR is not set and TERM is
// not dumb. getenv is os.Getenv or a test's.
func ColorWanted(w io.Writer, getenv func(string) string) bool {
	f, ok := w.(*os.File)
	return ok && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb" && isatty.IsTerminal(f.Fd())
}

// dropLogger leaves out the logger's name of 2012, which says to people what the attribute "component" says already.
func dropLogger(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == "logger" {
		return slog.Attr{}
	}
	return a
}

// nameLevel writes levels with their names of 2012, where slog would say DEBUG-1.
func nameLevel(groups []string, a slog.Attr) slog.Attr {
	if level, ok := a.Value.Any().(slog.Level); ok && len(groups) == 0 && a.Key == slog.LevelKey {
		a.Value = slog.StringValue(levelName(level))
	}
	return a
}
