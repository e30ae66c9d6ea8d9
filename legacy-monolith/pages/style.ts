/** The shop's one stylesheet. No images, no fonts from elsewhere. */
export const style = `
:root { --ink: #23302b; --soft: #5d6b65; --line: #dfe5e1; --paper: #fbfaf7; --card: #ffffff; --copper: #a4532a; --oak: #e9dfcf; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
a { color: var(--copper); text-underline-offset: 3px; }
header { background: var(--card); border-bottom: 1px solid var(--line); }
nav { display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: center; max-width: 62rem; margin: auto; padding: .75rem 1.25rem; }
nav a { text-decoration: none; color: var(--ink); }
nav a:hover { color: var(--copper); }
nav .brand { font: 600 1.25rem Georgia, serif; color: var(--copper); }
.grow { flex: 1; }
main { max-width: 62rem; margin: auto; padding: 1.5rem 1.25rem 3rem; }
footer { max-width: 62rem; margin: auto; padding: 1rem 1.25rem 2rem; color: var(--soft); font-size: .875rem; }
h1 { font: 600 1.9rem/1.2 Georgia, serif; margin: .5rem 0 1.25rem; }
form { margin: 0; }
input, select { font: inherit; padding: .45rem .6rem; border: 1px solid #b9c4be; border-radius: 6px; background: #fff; color: inherit; }
input[type=number] { width: 5rem; }
button, .button { font: inherit; padding: .45rem .95rem; border: 0; border-radius: 6px; background: var(--copper); color: #fff; cursor: pointer; text-decoration: none; display: inline-block; }
button:hover, .button:hover { background: #85411f; }
button.quiet { background: var(--oak); color: var(--ink); }
button.quiet:hover { background: #dccfb9; }
:focus-visible { outline: 3px solid #d99a6c; outline-offset: 2px; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
th, td { text-align: left; padding: .6rem .9rem; border-bottom: 1px solid var(--line); vertical-align: middle; }
tr:last-child td { border-bottom: 0; }
th { font-size: .8rem; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin: 0 0 1.25rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem; padding: 0; list-style: none; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.1rem; }
.grid .card { display: flex; flex-direction: column; gap: .35rem; }
.card h2 { font: 600 1.05rem/1.3 Georgia, serif; margin: 0; }
.card h2 a { text-decoration: none; color: inherit; }
table + p { margin-top: 1rem; }
.price { font-weight: 600; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); font-size: .9rem; }
.tag, .state { display: inline-block; padding: .05rem .55rem; border-radius: 99px; background: var(--oak); font-size: .8rem; }
.state-delivered { background: #d6eadc; } .state-cancelled { background: #f0d9d5; } .state-placed { background: #f6eac8; }
.inbox { list-style: none; padding: 0; display: grid; gap: .6rem; }
.inbox .card { display: flex; gap: 1rem; align-items: flex-start; }
.inbox .unread { border-left: 4px solid var(--copper); }
.inbox p { margin: .15rem 0; }
.tag:empty { display: none; }
#answered-by { max-width: 62rem; margin: auto; padding: 0 1.25rem .6rem; color: var(--soft); font-size: .875rem; }
#answered-by:empty { display: none; }
.message { background: #f0d9d5; border-radius: 6px; padding: .6rem .9rem; }
.narrow { max-width: 24rem; display: grid; gap: .9rem; }
.narrow label { display: grid; gap: .25rem; }
fieldset { border: 1px solid var(--line); border-radius: 8px; background: var(--card); margin: 0 0 1rem; padding: .8rem 1.1rem; display: grid; gap: .4rem; }
legend { font-weight: 600; padding: 0 .4rem; }
`;
