package logcache

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/minicf/minicf/protocol"
)

func texts(lines []protocol.LogLine) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return strings.Join(all, " ")
}

func TestLinesAreReadInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	r := &ring{}
	for text, at := range map[string]int64{"c": 30, "a": 10, "b": 20, "d": 40} {
		r.add(protocol.LogLine{Text: text, Time: at})
	}
	for name, tt := range map[string]struct {
		from, to   int64
		limit      int
		descending bool
		want       string
	}{
		"all":            {math.MinInt64, math.MaxInt64, 10, false, "a b c d"},
		"the first two":  {math.MinInt64, math.MaxInt64, 2, false, "a b"},
		"the last two":   {math.MinInt64, math.MaxInt64, 2, true, "d c"},
		"from a time":    {20, math.MaxInt64, 10, false, "b c d"},
		"after a line":   {21, math.MaxInt64, 10, false, "c d"},
		"before a time":  {math.MinInt64, 30, 10, false, "a b"},
		"between":        {20, 40, 1, true, "c"},
		"nothing":        {41, math.MaxInt64, 10, false, ""},
		"the wrong ways": {40, 10, 10, false, ""},
	} {
		if got := texts(r.read(tt.from, tt.to, tt.limit, tt.descending)); got != tt.want {
			t.Errorf("%s is %q, want %q", name, got, tt.want)
		}
	}
}

func TestLinesOfOneMomentAreAllSeenByWhoFollows(t *testing.T) {
	t.Parallel()
	r := &ring{}
	for i := range 5 {
		r.add(protocol.LogLine{Text: fmt.Sprint(i), Time: 7})
	}
	r.add(protocol.LogLine{Text: "x", Time: 7})
	seen, last := []string{}, int64(math.MinInt64)
	for {
		next := r.read(last, math.MaxInt64, 1, false)
		if len(next) == 0 {
			break
		}
		seen, last = append(seen, next[0].Text), next[0].Time+1
	}
	if len(seen) != 6 {
		t.Errorf("seen are %v, want all six", seen)
	}
}

func TestOldLinesGoAndLongOnesAreCut(t *testing.T) {
	t.Parallel()
	r := &ring{}
	for i := range maxLines + 10 {
		r.add(protocol.LogLine{Text: strings.Repeat("x", maxLine+1), Time: int64(i)})
	}
	if len(r.lines) != maxLines || r.lines[0].Time != 10 || len(r.lines[0].Text) != maxLine {
		t.Errorf("%d lines, the first of %d with %d bytes", len(r.lines), r.lines[0].Time, len(r.lines[0].Text))
	}
	c := New(nil, nil, nil)
	for i := range maxApps + 1 {
		c.Say(fmt.Sprint(i), "API", "0", "hello")
	}
	if len(c.rings) != maxApps || c.rings["0"] != nil {
		t.Errorf("%d apps are kept, the first one %v", len(c.rings), c.rings["0"])
	}
}
