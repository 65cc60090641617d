# SPDX-License-Identifier: Apache-2.0
"""What Logstash would make of lines, without Logstash: the rendered patterns and script in Ruby, whose regular expressions
are those of grok."""
import json
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
# A grok of many patterns takes the first that matches; an event is a dict.
SHIM = """
require "json"
class Event
  attr_reader :fields
  def initialize(fields) = @fields = fields
  def get(name) = @fields[name]
  def set(name, value) = @fields[name] = value
  def remove(name) = @fields.delete(name)
  def tag(name) = (@fields["tags"] ||= []) << name
end
patterns, script, lines = JSON.parse($stdin.read)
patterns.map! { |p| Regexp.new(p) }
eval(script)
register({})
puts JSON.generate(lines.map { |line|
  m = patterns.lazy.filter_map { |p| p.match(line) }.first
  m && filter(Event.new(m.named_captures.compact))[0].fields
})
"""


class Filter:
    """The filter of the example's log01. read(lines) gives an event each, or None for what no pattern takes."""

    def __init__(self, hextet, ruby, folder):
        done = hextet("render", TOP / "examples" / "streaming", "--target", "logstash", "-o", folder)
        assert done.returncode == 0, done.stderr
        etc = folder / "log01.de.example.net" / "etc" / "logstash"
        self.ruby, self.script = ruby, (etc / "hextet/client.rb").read_text()
        self.patterns = re.findall("'(\\^[^']*)'", (etc / "conf.d/hextet.conf").read_text())
        assert len(self.patterns) == 2

    def read(self, lines):
        done = subprocess.run([self.ruby, "-e", SHIM], input=json.dumps([self.patterns, self.script, lines]),
                              capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return json.loads(done.stdout)
