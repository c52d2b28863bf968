package vcaplog

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
)

// Handler writes records in the look of 2012:
//
//	[time] logger tags pid=… tid=… fid=…  LEVEL -- message key=value
//
// The message of 2012 held its values; here they follow it. Values are quoted when they hold spaces, quotes or `=`, and nothing in
// a record can break the line or reach the terminal as a control sequence.
type Handler struct {
	out   *output
	level slog.Leveler

	name      string // of the logger; wins over component
	component string
	prefix    string // the open groups, each with its dot
	attrs     string // what WithAttrs brought, ready to append
}

// output is shared by a Handler and all that are derived from it.
type output struct {
	pid string

	mu sync.Mutex
	w  io.Writer
}

var _ slog.Handler = (*Handler)(nil)

// NewHandler returns a Handler that writes to w. name may be empty; see New.
func NewHandler(w io.Writer, level slog.Leveler, name string) *Handler {
	return &Handler{out: &output{pid: strconv.Itoa(os.Getpid()), w: w}, level: level, name: name}
}

// Enabled reports whether a record of the level is written.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level.Level() }

// Handle writes one line. The error is w's.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	line := *h
	r.Attrs(func(a slog.Attr) bool {
		line.add(a)
		return true
	})
	b := line.header(make([]byte, 0, 256), r)
	b = appendClean(b, r.Message)
	b = append(append(b, line.attrs...), '\n')

	h.out.mu.Lock()
	defer h.out.mu.Unlock()
	_, err := h.out.w.Write(b)
	return err
}

// WithAttrs returns a Handler that appends the attributes to every line.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		with.add(a)
	}
	return &with
}

// WithGroup returns a Handler that puts `name.` before the keys that come.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.prefix += name + "."
	return &with
}

// header appends all that stands before the message. Go has neither the threads nor the fibers of 2012, whose ids were hashed:
// here one id stands for the process and one for the logger, so that lines of one origin still look alike.
func (h *Handler) header(b []byte, r slog.Record) []byte {
	b = append(b, '[')
	if r.Time.IsZero() {
		b = append(b, '-')
	} else {
		b = r.Time.AppendFormat(b, "2006-01-02 15:04:05.000000")
	}
	name := h.loggerName()
	b = append(b, "] "...)
	b = appendClean(b, name)
	return fmt.Appendf(b, " - pid=%s tid=%s fid=%s %6s -- ", h.out.pid, hash4(h.out.pid), hash4(name), levelName(r.Level))
}

func (h *Handler) loggerName() string {
	switch {
	case h.name != "":
		return h.name
	case h.component != "":
		return h.component
	}
	return "minicf"
}

// add takes one attribute in: into the column of the logger's name, or behind the message.
func (h *Handler) add(a slog.Attr) {
	a.Value = a.Value.Resolve()
	switch {
	case a.Equal(slog.Attr{}):
	case h.prefix == "" && a.Key == "logger":
		h.name = a.Value.String()
	case h.prefix == "" && a.Key == "component":
		h.component = a.Value.String()
	case a.Value.Kind() == slog.KindGroup:
		h.addGroup(a)
	default:
		h.attrs += " " + clean(h.prefix+a.Key) + "=" + quoted(valueText(a.Value))
	}
}

// addGroup adds the attributes of a group under its key; without a key they stand on their own.
func (h *Handler) addGroup(group slog.Attr) {
	outer := h.prefix
	if group.Key != "" {
		h.prefix += group.Key + "."
	}
	for _, a := range group.Value.Group() {
		h.add(a)
	}
	h.prefix = outer
}

// hash4 is how vcap_logging shortened thread and fiber ids: the first 4 hex digits of the MD5.
func hash4(id string) string {
	sum := md5.Sum([]byte(id))
	return hex.EncodeToString(sum[:2])
}
