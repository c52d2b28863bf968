package cf

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Line is one line of an app's log.
type Line struct {
	Time     time.Time
	Source   string
	Instance string
	Stream   string // OUT or ERR
	Text     string
}

// Sources of lines, besides others.
const (
	FromStaging = "STG"
	FromApp     = "APP/PROC/WEB"
	FromCell    = "CELL" // the DEA
)

// maxLines is how many lines the controller tells at once.
const maxLines = 1000

// Recent returns the last lines of an app, in their order.
func (c *Client) Recent(ctx context.Context, app string) ([]Line, error) {
	lines, err := c.read(ctx, app, url.Values{"descending": {"true"}})
	slices.Reverse(lines)
	return lines, err
}

// LinesAfter returns lines that came after a time, in their order.
func (c *Client) LinesAfter(ctx context.Context, app string, after time.Time) ([]Line, error) {
	return c.read(ctx, app, url.Values{"start_time": {strconv.FormatInt(after.UnixNano()+1, 10)}})
}

func (c *Client) read(ctx context.Context, app string, query url.Values) ([]Line, error) {
	query.Set("envelope_types", "LOG")
	query.Set("limit", strconv.Itoa(maxLines))
	var answer struct {
		Envelopes struct {
			Batch []struct {
				Timestamp string            `json:"timestamp"`
				Instance  string            `json:"instance_id"`
				Tags      map[string]string `json:"tags"`
				Log       struct {
					Text []byte `json:"payload"`
					Type string `json:"type"`
				} `json:"log"`
			} `json:"batch"`
		} `json:"envelopes"`
	}
	if err := c.get(ctx, "/api/v1/read/"+app+"?"+query.Encode(), &answer); err != nil {
		return nil, err
	}
	var lines []Line
	for _, e := range answer.Envelopes.Batch {
		ns, _ := strconv.ParseInt(e.Timestamp, 10, 64) // 0 is as good as any that cannot be read
		lines = append(lines, Line{time.Unix(0, ns), e.Tags["source_type"], e.Instance, e.Log.Type, string(e.Log.Text)})
	}
	return lines, nil
}

// followPause is how long to wait between two looks at a log.
const followPause = 100 * time.Millisecond

// Follow hands out lines that come after a time, until ctx ends.
func (c *Client) Follow(ctx context.Context, app string, after time.Time, line func(Line)) error {
	for {
		lines, err := c.LinesAfter(ctx, app, after)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, l := range lines {
			after = l.Time
			line(l)
		}
		if pause(ctx, followPause) != nil {
			return nil
		}
	}
}
