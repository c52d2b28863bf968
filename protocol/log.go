package protocol

import "errors"

// AppLog carries lines that people read of an app as they come. It is minicf's own: in 2012 there was no such subject, and logs were files of
// instances. Whoever does not send it, a stager or DEA of somebody's making, only makes `cf logs` know less.
const AppLog Subject[LogLine] = "minicf.log"

// LogLine is one line of an app's log.
type LogLine struct {
	App      ID     `json:"app"`
	Source   string `json:"source"`   // as Cloud Foundry names them: STG, APP/PROC/WEB, CELL, API, RTR
	Instance string `json:"instance"` // an index; "0" where there is but one
	Stream   string `json:"stream"`   // OUT or ERR
	Time     int64  `json:"time"`     // nanoseconds since 1970
	Text     string `json:"text"`     // without the line's end
}

// The sources of lines.
const (
	LogStaging = "STG"
	LogApp     = "APP/PROC/WEB"
	LogCell    = "CELL"
	LogAPI     = "API"
)

// Validate demands what a reader needs to find it.
func (l LogLine) Validate() error {
	switch {
	case l.App == "":
		return errors.New("app is missing")
	case l.Source == "":
		return errors.New("source is missing")
	}
	return nil
}
