package plugintest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// sameXML reports whether two documents say the same. They may differ in what an XML library is free to write as it likes:
// white space between elements, the order of attributes and how they are quoted, comments, the first line.
func sameXML(a, b string) bool {
	wordsOfA, errA := words(a)
	wordsOfB, errB := words(b)
	return errA == nil && errB == nil && slices.Equal(wordsOfA, wordsOfB)
}

// words are the tags and texts of a document, each in one way of writing it.
func words(text string) ([]string, error) {
	var all []string
	dec := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := dec.Token()
		switch t := token.(type) {
		case nil:
			if errors.Is(err, io.EOF) {
				return all, nil
			}
			return nil, err
		case xml.StartElement:
			slices.SortFunc(t.Attr, func(a, b xml.Attr) int { return strings.Compare(fmt.Sprint(a.Name), fmt.Sprint(b.Name)) })
			all = append(all, fmt.Sprintf("<%s %q>", t.Name, t.Attr))
		case xml.EndElement:
			all = append(all, fmt.Sprintf("</%s>", t.Name))
		case xml.CharData:
			if s := strings.TrimSpace(string(t)); s != "" {
				all = append(all, s)
			}
		}
	}
}
