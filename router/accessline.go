package router

import (
	"strconv"
	"time"
)

// accessTime is how gorouter wrote when a request began.
const accessTime = "02/01/2006:15:04:05 -0700"

// appendLine appends the line of the access log that tells of x, in the format of gorouter:
//
//	hello.localhost:8080 - [22/11/2026:10:24:59 +0000] "GET / HTTP/1.1" 200 12 "-" "curl/7.88.1" 127.0.0.1:40964 response_time:0.000412803 app_id:hello
func (x *exchange) appendLine(b []byte, ended time.Time) []byte {
	req := x.req
	b = appendSafe(b, req.Host)
	b = append(b, " - ["...)
	b = x.began.AppendFormat(b, accessTime)
	b = append(b, `] "`...)
	b = appendSafe(b, req.Method)
	b = append(b, ' ')
	b = appendSafe(b, req.RequestURI)
	b = append(b, ' ')
	b = appendSafe(b, req.Proto)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(x.w.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, x.w.bytes, 10)
	b = append(b, ` "`...)
	b = appendSafe(b, orDash(req.Header.Get("Referer")))
	b = append(b, `" "`...)
	b = appendSafe(b, orDash(req.Header.Get("User-Agent")))
	b = append(b, `" `...)
	b = appendSafe(b, req.RemoteAddr)
	b = append(b, " response_time:"...)
	b = strconv.AppendFloat(b, ended.Sub(x.began).Seconds(), 'f', 9, 64)
	b = append(b, " app_id:"...)
	if x.endpoint != nil {
		b = appendSafe(b, string(x.endpoint.app))
	}
	return append(b, '\n')
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// appendSafe appends s so that it can neither end its field nor its line, nor do anything to a terminal: what is not printable
// ASCII, and what quotes, as \xHH, which is how nginx does it.
func appendSafe(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}
