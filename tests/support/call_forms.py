"""Ways of writing a call of AWS in each language. `@` marks what differs from operation to operation.

@package, @client (its class), @all (the class with a method for each operation), @command, @method, @input (a mapping
with the name of the resource), @value (that name), @member (the member that has it); in Go @operation and @pkg.
"""

V3 = 'import { @client, @command } from "@package";\n'
METHODS = 'import { @all } from "@package";\nconst c = new @all({});\n'
V2 = 'const AWS = require("aws-sdk");\nconst c = new AWS.@all();\n'
SCRIPT = {
    "command in place": V3 + "const c = new @client({}); await c.send(new @command(@input));",
    "input is a name": V3 + "const c = new @client({}); const params = @input; c.send(new @command(params));",
    "command is a name": V3 + "const c = new @client({}); const cmd = new @command(@input); await c.send(cmd);",
    "namespace": 'import * as sdk from "@package";\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "default import": 'import sdk from "@package";\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "require": 'const { @client, @command } = require("@package");\nnew @client({}).send(new @command(@input));',
    "require renamed": 'const { @client: C, @command: D } = require("@package");\nnew C({}).send(new D(@input));',
    "require whole": 'const sdk = require("@package");\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "require in two steps": 'const sdk = require("@package");\nconst { @command } = sdk;\nc.send(new @command(@input));',
    "renamed import": 'import { @command as Do } from "@package";\nawait c.send(new Do(@input));',
    "dynamic import": 'const { @client, @command } = await import("@package");\nnew @client({}).send(new @command(@input));',
    "typed import": 'import { type @client, @command } from "@package";\nfunction f(c: @client) { return c.send(new @command(@input)); }',
    "import equals": 'import sdk = require("@package");\nnew sdk.@client({}).send(new sdk.@command(@input));',
    "helper": V3 + "const c = new @client({}); const run = (cmd) => c.send(cmd); run(new @command(@input));",
    "class passed on": V3
    + "const c = new @client({}); function run(K, p) { return c.send(new K(p)); } run(@command, @input);",
    "chosen class": V3 + "const c = new @client({}); const K = flag ? @command : null; c.send(new K(@input));",
    "spread": V3 + 'const c = new @client({}); const base = @input; c.send(new @command({ ...base, More: "x" }));',
    "field set later": V3 + 'const c = new @client({}); const p = {}; p.@member = "@value"; c.send(new @command(p));',
    "constant": V3 + 'const NAME = "@value"; c.send(new @command({ @member: NAME }));',
    "generics": V3 + "const c = new @client({}); await c.send<any, any>(new @command(@input) as any);",
    "comment with quote": V3 + "// don't\n/* it's */ const re = /['\"`{(]/g; c.send(new @command(@input));",
    "template": V3 + "log(`${await c.send(new @command(@input))} done`);",
    "jsx": V3 + "const A = () => <p onClick={() => c.send(new @command(@input))}>Don't</p>;",
    "class field": V3 + "class A { #c = new @client({}); async go() { await this.#c.send(new @command(@input)); } }",
    "v3 method": METHODS + "await c.@method(@input);",
    "v3 method of a field": METHODS
    + "class A { constructor() { this.c = new @all({}); } go() { return this.c.@method(@input); } }",
    "v3 method with a name": METHODS + "const params = @input; await c.@method(params);",
    "v2": V2 + "await c.@method(@input).promise();",
    "v2 with a name": V2 + "const params = @input; const r = await c.@method(params).promise();",
    "v2 callback": V2 + "c.@method(@input, (err, data) => {});",
    "v2 in place": 'const AWS = require("aws-sdk");\nnew AWS.@all().@method(@input).promise();',
    "v2 import": 'import AWS from "aws-sdk";\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 namespace": 'import * as AWS from "aws-sdk";\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 class": 'import { @all } from "aws-sdk";\nconst c = new @all(); c.@method(@input).promise();',
    "v2 destructured": 'const { @all } = require("aws-sdk");\nconst c = new @all(); c.@method(@input).promise();',
    "v2 one package": 'const K = require("aws-sdk/clients/@v2");\nconst c = new K(); c.@method(@input).promise();',
    "v2 member of require": 'const K = require("aws-sdk").@all;\nconst c = new K(); c.@method(@input).promise();',
    "v2 traced": 'const X = require("aws-xray-sdk");\nconst AWS = X.captureAWS(require("aws-sdk"));\nconst c = new AWS.@all(); c.@method(@input).promise();',
    "v2 from a function": V2 + "function get() { return new AWS.@all(); }\nget().@method(@input).promise();",
    "v2 lazy": 'const AWS = require("aws-sdk");\nlet c;\nexports.h = async () => { c = c || new AWS.@all(); await c.@method(@input).promise(); };',
    "v2 passed": V2 + "function go(client) { return client.@method(@input).promise(); }\ngo(c);",
    "v2 in a mapping": 'const AWS = require("aws-sdk");\nconst all = { it: new AWS.@all() };\nall.it.@method(@input).promise();',
    "v2 property": 'const AWS = require("aws-sdk");\nclass A { constructor() { this.c = new AWS.@all(); } go() { this.c.@method(@input).promise(); } }',
    "v2 promisified": 'const { promisify } = require("util");\n'
    + V2
    + "const f = promisify(c.@method.bind(c)); f(@input);",
    "v2 chosen": V2 + "c[op](@input).promise();",
    "v2 typed": 'import { @all } from "aws-sdk";\nclass A { constructor(private readonly c: @all) {} go() { return this.c.@method(@input).promise(); } }',
    "only a client": V3.replace(", @command", "") + "export const c = new @client({});",
    "sent from elsewhere": V3.replace(", @command", "")
    + "const c = new @client({}); export const run = (x) => c.send(x);",
}
GO_HEAD = 'package main\n\nimport (\n\t"context"\n\t"github.com/aws/aws-sdk-go-v2/aws"\n\t"github.com/aws/aws-sdk-go-v2/service/@pkg"\n)\n'
GO_OLD = 'package main\n\nimport (\n\t"github.com/aws/aws-sdk-go/aws"\n\t"github.com/aws/aws-sdk-go/service/@pkg"\n)\n'
GO_INPUT = '@pkg.@operationInput{@member: aws.String("@value")}'
GO = {
    "in place": GO_HEAD + f"func f(ctx context.Context, c *@pkg.Client) {{ c.@operation(ctx, &{GO_INPUT}) }}",
    "a name": GO_HEAD + f"func f(c *@pkg.Client) {{ in := &{GO_INPUT}; c.@operation(ctx, in) }}",
    "a name by value": GO_HEAD + f"func f(c *@pkg.Client) {{ in := {GO_INPUT}\n c.@operation(ctx, &in) }}",
    "put later": GO_HEAD
    + 'func f(c *@pkg.Client) { in := &@pkg.@operationInput{}\n in.@member = aws.String("@value")\n c.@operation(ctx, in) }',
    "new": GO_HEAD + "func f(c *@pkg.Client) { in := new(@pkg.@operationInput); c.@operation(ctx, in) }",
    "var": GO_HEAD + "func f(c *@pkg.Client) { var in @pkg.@operationInput; c.@operation(ctx, &in) }",
    "interface": GO_HEAD
    + "type api interface { @operation(context.Context, *@pkg.@operationInput) error }\nfunc f(a api, in *@pkg.@operationInput) { a.@operation(ctx, in) }",
    "nil": GO_HEAD + "func f() { c := @pkg.NewFromConfig(cfg); c.@operation(ctx, nil) }",
    "field": GO_HEAD + f"type s struct {{ c *@pkg.Client }}\nfunc (x *s) f() {{ x.c.@operation(ctx, &{GO_INPUT}) }}",
    "goroutine": GO_HEAD + f"func f(c *@pkg.Client) {{ go func() {{ c.@operation(ctx, &{GO_INPUT}) }}() }}",
    "method value": GO_HEAD + f"func f(c *@pkg.Client) {{ g := c.@operation; g(ctx, &{GO_INPUT}) }}",
    "lines": GO_HEAD
    + 'func f(c *@pkg.Client) {\n\tif _, err := c.@operation(ctx, &@pkg.@operationInput{\n\t\t@member: aws.String("@value"), // it\'s\n\t}); err != nil {\n\t\treturn\n\t}\n}',
    "variable": GO_HEAD
    + 'const name = "@value"\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: aws.String(name)}) }',
    "own pointer": GO_HEAD
    + 'func ptr(s string) *string { return &s }\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: ptr("@value")}) }',
    "renamed import": GO_HEAD.replace(
        '"github.com/aws/aws-sdk-go-v2/service/@pkg"', 'api "github.com/aws/aws-sdk-go-v2/service/@pkg"'
    )
    + 'func f(c *api.Client) { c.@operation(ctx, &api.@operationInput{@member: aws.String("@value")}) }',
    "one import": 'package main\nimport "github.com/aws/aws-sdk-go-v2/service/@pkg"\nfunc f(c *@pkg.Client) { c.@operation(ctx, &@pkg.@operationInput{@member: &name}) }',
    "old": GO_OLD + f"func f() {{ svc := @pkg.New(sess); svc.@operation(&{GO_INPUT}) }}",
    "old with context": GO_OLD + f"func f() {{ svc := @pkg.New(sess); svc.@operationWithContext(ctx, &{GO_INPUT}) }}",
    "old request": GO_OLD + "func f() { svc := @pkg.New(sess); req, _ := svc.@operationRequest(nil); req.Send() }",
    "returned": GO_HEAD
    + f"func in() *@pkg.@operationInput {{ return &{GO_INPUT} }}\nfunc f(c *@pkg.Client) {{ c.@operation(ctx, in()) }}",
    "retried": GO_HEAD
    + f"func f(c *@pkg.Client) {{ retry(func() error {{ _, err := c.@operation(ctx, &{GO_INPUT}); return err }}) }}",
    "a slice": GO_HEAD
    + 'func f(c *@pkg.Client) { for _, in := range []*@pkg.@operationInput{{@member: aws.String("@value")}} { c.@operation(ctx, in) } }',
    "only a client": GO_HEAD + "func f() { c := @pkg.NewFromConfig(cfg); use(c) }",
}
BOTO = "import boto3\nc = boto3.client(@name)\n"
PYTHON = {
    "called": BOTO + "c.@python(@named)\n",
    "bound": BOTO + "f = c.@python\nf(@named)\n",
    "attribute": "import boto3\nclass A:\n    def __init__(self):\n        self.c = boto3.client(@name)\n    def go(self):\n        self.c.@python(@named)\n",
    "class attribute": "import boto3\nclass A:\n    c = boto3.client(@name)\n    def go(self):\n        self.c.@python(@named)\n",
    "property": "import boto3\nclass A:\n    @property\n    def c(self):\n        return boto3.client(@name)\n    def go(self):\n        self.c.@python(@named)\n",
    "cached property": "import boto3\nfrom functools import cached_property\nclass A:\n    @cached_property\n    def c(self):\n        return boto3.client(@name)\n    def go(self):\n        self.c.@python(@named)\n",
    "function": "import boto3\ndef get():\n    return boto3.client(@name)\nget().@python(@named)\n",
    "cached function": "import boto3\nfrom functools import cache\n@cache\ndef get():\n    return boto3.client(@name)\nget().@python(@named)\n",
    "lazy global": "import boto3\nc = None\ndef get():\n    global c\n    if c is None:\n        c = boto3.client(@name)\n    return c\nget().@python(@named)\n",
    "thread local": "import boto3, threading\nlocal = threading.local()\ndef get():\n    if not hasattr(local, 'c'):\n        local.c = boto3.client(@name)\n    return local.c\nget().@python(@named)\n",
    "thread local in place": "import boto3, threading\nlocal = threading.local()\nlocal.c = boto3.client(@name)\nlocal.c.@python(@named)\n",
    "app state": "import boto3\ndef start(app):\n    app.state.c = boto3.client(@name)\ndef go(request):\n    request.app.state.c.@python(@named)\n",
    "mapping": "import boto3\nall_ = {'it': boto3.client(@name)}\nall_['it'].@python(@named)\n",
    "comprehension": "import boto3\nall_ = {n: boto3.client(n) for n in (@name,)}\nall_[@name].@python(@named)\n",
    "submit": BOTO + "pool.submit(c.@python, @named)\n",
    "partial": BOTO + "import functools\nf = functools.partial(c.@python, @named)\nf()\n",
    "to_thread": BOTO + "import asyncio\nasync def go():\n    await asyncio.to_thread(c.@python, @named)\n",
    "run_in_executor": BOTO + "async def go(loop):\n    await loop.run_in_executor(None, lambda: c.@python(@named))\n",
    "run_in_executor bound": BOTO + "async def go(loop):\n    await loop.run_in_executor(None, c.@python)\n",
    "map": BOTO + "list(map(c.@python, items))\n",
    "thread": BOTO + "import threading\nthreading.Thread(target=c.@python, kwargs={@keys}).start()\n",
    "retry": BOTO + "def retry(f, **kw):\n    return f(**kw)\nretry(c.@python, @named)\n",
    "retry of a library": BOTO + "from tenacity import Retrying\nRetrying()(c.@python, @named)\n",
    "decorated": BOTO + "f = tracer.wrap(c.@python)\nf(@named)\n",
    "in a list": BOTO + "for f in [c.@python]:\n    f(@named)\n",
    "in a mapping": BOTO + "ways = {'x': c.@python}\nways[x](@named)\n",
    "keyword": BOTO + "run(function=c.@python, given={@keys})\n",
    "default": "import boto3\ndef go(c=boto3.client(@name)):\n    c.@python(@named)\n",
    "passed": BOTO + "def go(client):\n    client.@python(@named)\ngo(c)\n",
    "session": "import boto3\nboto3.Session(profile_name='x').client(@name).@python(@named)\n",
    "module": "import boto3 as b\nb.client(@name).@python(@named)\n",
    "spread": BOTO + "p = dict(@named)\nc.@python(**p)\n",
    "with": "import boto3\nfrom contextlib import closing\nwith closing(boto3.client(@name)) as c:\n    c.@python(@named)\n",
    "walrus": "import boto3\nif (c := boto3.client(@name)):\n    c.@python(@named)\n",
    "async": "import aioboto3\nasync def go():\n    async with aioboto3.Session().client(@name) as c:\n        await c.@python(@named)\n",
    "getattr": BOTO + "getattr(c, '@python')(@named)\n",
    "getattr of a name": BOTO + "def go(op):\n    getattr(c, op)(@named)\n",
    "only a client": "import boto3\nuse(boto3.client(@name))\n",
    "only an import": "import boto3\n",
    "unknown service": "import boto3\ndef go(n):\n    boto3.client(n).@python(@named)\n",
    "in a dataclass": "import boto3\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    c: object\n    def go(self):\n        self.c.@python(@named)\nA(boto3.client(@name)).go()\n",
    "in a tuple": "import boto3\na, c = 1, boto3.client(@name)\nc.@python(@named)\n",
    "in a list of clients": "import boto3\ncs = [boto3.client(@name)]\ncs[0].@python(@named)\n",
    "nested function": "import boto3\ndef outer():\n    c = boto3.client(@name)\n    def inner():\n        c.@python(@named)\n    inner()\n",
    "setattr": "import boto3\nclass A:\n    pass\na = A()\nsetattr(a, 'c', boto3.client(@name))\na.c.@python(@named)\n",
}
