package webxml

import (
	"slices"
	"strings"
)

// Element is an element of a document, with all that is in it.
type Element struct {
	doc        *Document
	parent     *Element
	name       string            // as written, with its prefix
	start, end string            // the tags, as written; end is "" when the element is written as <a/>
	spaces     map[string]string // the namespaces that it declares
	nodes      []node
}

// node is an element, or something else: text, a comment.
type node struct {
	element *Element
	raw     string // as written
	text    string // what it means, for text
}

// All lists this element and those in it, at any depth, that have the name.
func (e *Element) All(name string) []*Element {
	var found []*Element
	if e.is(name) {
		found = append(found, e)
	}
	for _, n := range e.nodes {
		if n.element != nil {
			found = append(found, n.element.All(name)...)
		}
	}
	return found
}

// Children lists the elements right below this one that have the name.
func (e *Element) Children(name string) []*Element {
	var found []*Element
	for _, n := range e.nodes {
		if n.element != nil && n.element.is(name) {
			found = append(found, n.element)
		}
	}
	return found
}

// Child is the first of the Children, or nil.
func (e *Element) Child(name string) *Element {
	if all := e.Children(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Text is all text in the element. References to entities that a DTD would have to explain stand in it as written.
func (e *Element) Text() string {
	var b strings.Builder
	for _, n := range e.nodes {
		if n.element != nil {
			b.WriteString(n.element.Text())
			continue
		}
		b.WriteString(n.text)
	}
	return b.String()
}

// Empty reports whether nothing is in the element but white space and comments.
func (e *Element) Empty() bool {
	return !slices.ContainsFunc(e.nodes, func(n node) bool { return n.element != nil || strings.TrimSpace(n.text) != "" })
}

// Space is the namespace; "" is none.
func (e *Element) Space() string {
	for at := e; at != nil; at = at.parent {
		if space, ok := at.spaces[e.prefix()]; ok {
			return space
		}
	}
	return ""
}

// Append puts a child at the end, away from where it was.
func (e *Element) Append(child *Element) {
	child.Remove()
	child.parent = e
	e.nodes = append(e.nodes, node{element: child})
}

// AppendText adds text at the end.
func (e *Element) AppendText(text string) { e.nodes = append(e.nodes, textNode(text)) }

// SetText replaces everything in the element.
func (e *Element) SetText(text string) { e.nodes = []node{textNode(text)} }

// InsertBefore puts a new sibling right in front of the element, which must not be the root.
func (e *Element) InsertBefore(sibling *Element) {
	sibling.parent = e.parent
	e.parent.nodes = slices.Insert(e.parent.nodes, e.index(), node{element: sibling})
}

// Remove takes the element away; white space around it stays.
func (e *Element) Remove() {
	if e.parent == nil {
		return
	}
	i := e.index()
	e.parent.nodes = slices.Delete(e.parent.nodes, i, i+1)
	e.parent = nil
}

// index is the element's place in its parent.
func (e *Element) index() int {
	return slices.IndexFunc(e.parent.nodes, func(n node) bool { return n.element == e })
}

// is reports whether the element is meant by a name.
func (e *Element) is(name string) bool {
	if e.local() != name {
		return false
	}
	root := e.doc.root
	return e.doc.names == Lenient || root.prefix() == "" && e.Space() == root.Space()
}

func (e *Element) prefix() string {
	prefix, _, found := strings.Cut(e.name, ":")
	if !found {
		return ""
	}
	return prefix
}

func (e *Element) local() string { return strings.TrimPrefix(e.name, e.prefix()+":") }

func textNode(text string) node {
	return node{raw: strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text), text: text}
}

// write writes nodes as they are written.
func write(b *strings.Builder, nodes []node) {
	for _, n := range nodes {
		if n.element == nil {
			b.WriteString(n.raw)
			continue
		}
		n.element.write(b)
	}
}

// write gives an element that was written as <a/> and has something in it now two tags.
func (e *Element) write(b *strings.Builder) {
	start, end := e.start, e.end
	if end == "" && len(e.nodes) > 0 {
		start, end = strings.TrimSuffix(start, "/>")+">", "</"+e.name+">"
	}
	b.WriteString(start)
	write(b, e.nodes)
	b.WriteString(end)
}
