// Templates in the manner of well-known models, written for these tests.

export const CHATML = `{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}`;

export const LLAMA3 = `{{- bos_token }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}`;

export const ZEPHYR = `{% for message in messages %}
{% if message['role'] not in ['system', 'user', 'assistant'] %}
{{ raise_exception('no role ' + message['role']) }}
{% endif %}
{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}`;

/** A system message joins the first user message; roles must take turns. */
export const NANOCHAT = `{{- '<|bos|>' }}
{%- set system = namespace(text='') %}
{%- set turn = namespace(of='user') %}
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {%- set system.text = message.content + '\\n\\n' %}
    {%- else %}
        {%- if message.role != turn.of %}{{ raise_exception('roles must take turns: user, assistant, user …') }}{% endif %}
        {{- '<|' + message.role + '_start|>' + (system.text if loop.index0 < 2 and message.role == 'user' else '') + message.content + '<|' + message.role + '_end|>' }}
        {%- set turn.of = 'assistant' if message.role == 'user' else 'user' %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|assistant_start|>' }}{% endif %}`;

/** Looks into the text: thoughts of earlier answers are left out. Tools are listed as JSON. */
export const THINKING = `{%- if tools %}
    {{- '<|im_start|>system\\n' + (tools | tojson) + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- set text = message.content %}
    {%- if '</think>' in text %}
        {%- set text = text.split('</think>')[-1].lstrip('\\n') %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + text + '<|im_end|>\\n' }}
{%- endfor %}`;
