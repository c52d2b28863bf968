package vcaplog

import (
	"fmt"
	"log/slog"
	"math"
	"strings"
)

// The levels of vcap_logging, from the most talkative to silence. Its numbers ran the other way (debug2 18 … off 0); these are
// slog's, with steps of one below Debug.
const (
	LevelDebug2 = slog.LevelDebug - 2
	LevelDebug1 = slog.LevelDebug - 1
	LevelDebug  = slog.LevelDebug
	LevelInfo   = slog.LevelInfo
	LevelWarn   = slog.LevelWarn
	LevelError  = slog.LevelError
	LevelFatal  = slog.LevelError + 4
	LevelOff    = slog.Level(math.MaxInt) // lets nothing through
)

// ParseLevel returns the level that `logging.level` of a 2012 config file names. Case does not matter.
func ParseLevel(name string) (slog.Level, error) {
	switch strings.ToLower(name) {
	case "debug2":
		return LevelDebug2, nil
	case "debug1":
		return LevelDebug1, nil
	case "debug":
		return LevelDebug, nil
	case "info":
		return LevelInfo, nil
	case "warn":
		return LevelWarn, nil
	case "error":
		return LevelError, nil
	case "fatal":
		return LevelFatal, nil
	case "off":
		return LevelOff, nil
	}
	return 0, fmt.Errorf("unknown level %q: want off, fatal, error, warn, info, debug, debug1 or debug2", name)
}

// levelName is the name of the nearest level at or below l, as the lines of 2012 show it.
func levelName(l slog.Level) string {
	switch {
	case l >= LevelFatal:
		return "FATAL"
	case l >= LevelError:
		return "ERROR"
	case l >= LevelWarn:
		return "WARN"
	case l >= LevelInfo:
		return "INFO"
	case l >= LevelDebug:
		return "DEBUG"
	case l >= LevelDebug1:
		return "DEBUG1"
	}
	return "DEBUG2"
}
